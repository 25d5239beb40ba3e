import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { binary, folder } from '../rig/place.ts';
import { visit } from '../rig/world.ts';

/** An Example is a block of shell in the guide, and what stands below it as its answer. */
interface Example {
  run: string;
  answer?: string;
}

function examples(): Example[] {
  const guide = readFileSync(fileURLToPath(new URL('../../../docs/api.md', import.meta.url)), 'utf8');
  return [...guide.matchAll(/```sh\n([\s\S]*?)```(?:\n\n```\n([\s\S]*?)```)?/g)].map(([, run, answer]) => ({ run: run!, answer }));
}

/** bash runs the examples one after the other in one shell, as a reader does. */
function bash(all: Example[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const mark = '--- next example ---';
  const script = all.map((e) => `${e.run}\necho '${mark}'`).join('\n');
  return new Promise((done, failed) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, ...env } });
    let out = '';
    let trouble = '';
    child.stdout.on('data', (b: Buffer) => (out += b.toString()));
    child.stderr.on('data', (b: Buffer) => (trouble += b.toString()));
    child.on('close', (code) => (code === 0 ? done(out.split(`${mark}\n`)) : failed(new Error(`ended with ${code}\n${out}\n${trouble}`))));
  });
}

journey('every example of the API guide answers what the guide says', async (stage) => {
  const server = await stage.own(Headrace.start());
  await visit(stage, { server });
  const path = folder('bin');
  symlinkSync(binary, join(path, 'headrace'));
  const all = examples();
  expect(all.length).toBeGreaterThan(5);
  const answers = await bash(all, { HEADRACE_URL: server.url, HEADRACE_DATA_DIR: server.data, PATH: `${path}:${process.env.PATH}` });
  all.forEach((e, i) => e.answer !== undefined && expect(answers[i], e.run).toBe(e.answer));
});

journey('the page of the API is readable, in both themes, without a script', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await stage.open(server);
  await tab.go('/api/docs');
  await tab.heading('The API of headrace');
  await tab.page.getByRole('link', { name: 'Fetch a flow\'s past' }).click();
  await tab.page.getByRole('heading', { name: 'Fetch a flow\'s past' }).waitFor();
  expect(await tab.page.evaluate(() => document.querySelector(':target')?.textContent)).toContain('/api/v1/flows/{name}/backfill');
  expect(await tab.page.locator('script').count()).toBe(0);
  // All sections are made in one way: axe needs to see only some, and takes a minute for all.
  await tab.page.evaluate(() => document.querySelectorAll('section').forEach((s, i) => i % 20 !== 0 && s.remove()));
  await tab.page.evaluate(() => document.querySelectorAll('nav li').forEach((li, i) => i % 20 !== 0 && li.remove()));
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 380]) {
      await tab.page.emulateMedia({ colorScheme });
      await tab.page.setViewportSize({ width, height: 800 });
      expect(await violations(tab), `${colorScheme} ${width}`).toEqual([]);
    }
  }
});
