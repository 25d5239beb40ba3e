import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import type { Headrace } from './headrace.ts';
import { artefacts, slowness } from './place.ts';
import { Tab, type View } from './tab.ts';

interface Program {
  stop(): Promise<unknown>;
}

/** A Stage is what a journey happens on: the tabs that people open, and the programs that it started. */
export class Stage {
  private readonly tabs: Tab[] = [];
  private readonly programs: Program[] = [];

  /** open gives a person a browser of their own. */
  async open(server: Pick<Headrace, 'url'>, view?: View): Promise<Tab> {
    const tab = await Tab.open(server, view);
    this.tabs.push(tab);
    return tab;
  }

  /** own takes a program that ends with the journey. */
  async own<T extends Program>(program: Promise<T>): Promise<T> {
    const started = await program;
    this.programs.push(started);
    return started;
  }

  /** quiet fails when a tab saw an error that the journey did not expect. */
  quiet(): void {
    const all = this.tabs.flatMap((t) => t.watch.unexpected());
    if (all.length > 0) throw new Error(`the browser saw what nobody expected:\n${all.join('\n')}`);
  }

  /** keep leaves pictures of the tabs and what stood in their consoles. */
  async keep(name: string): Promise<void> {
    mkdirSync(artefacts, { recursive: true });
    for (const [i, tab] of this.tabs.entries()) {
      const to = join(artefacts, `failed-${name.replace(/[^a-z0-9]+/gi, '-')}-${i + 1}`);
      await tab.page.screenshot({ path: `${to}.png`, fullPage: true }).catch(() => undefined);
      const page = await tab.page.locator('body').ariaSnapshot().catch(() => '');
      writeFileSync(`${to}.txt`, [tab.page.url(), ...tab.watch.seen, '', page].join('\n'));
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.tabs.map((t) => t.context.close()));
    await Promise.allSettled(this.programs.map((p) => p.stop()));
  }
}

/** journey is a test: what happens on a stage, which is cleared whatever comes. */
export function journey(name: string, play: (stage: Stage) => Promise<void>, timeout?: number): void {
  test(
    name,
    async () => {
      const stage = new Stage();
      try {
        await play(stage);
        stage.quiet();
      } catch (e) {
        await stage.keep(name);
        throw e;
      } finally {
        await stage.close();
      }
    },
    (timeout ?? 90_000) * slowness,
  );
}
