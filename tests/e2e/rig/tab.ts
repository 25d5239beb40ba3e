import type { BrowserContext, Locator, Page } from 'playwright-core';
import { theBrowser } from './browser.ts';
import type { Headrace } from './headrace.ts';
import { slowness } from './place.ts';
import { Watch } from './watch.ts';

export type Theme = 'light' | 'dark';

export interface View {
  theme?: Theme;
  width?: number;
  height?: number;
}

/** How long the page may take to do what is expected of it. */
export const patience = 10_000 * slowness;

/** A Tab is a person's browser with one page of the server, and what is watched there. */
export class Tab {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly watch: Watch,
    readonly origin: string,
  ) {}

  static async open(server: Pick<Headrace, 'url'>, view: View = {}): Promise<Tab> {
    const browser = await theBrowser();
    const context = await browser.newContext({
      baseURL: server.url,
      viewport: { width: view.width ?? 1280, height: view.height ?? 800 },
      colorScheme: view.theme ?? 'light',
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
    });
    context.setDefaultTimeout(patience);
    const watch = new Watch(context, server.url);
    return new Tab(context, await context.newPage(), watch, server.url);
  }

  /** go opens an address of the server. */
  async go(path: string): Promise<void> {
    await this.page.goto(path, { waitUntil: 'load' });
  }

  /** fill types into the field with a label. */
  fill(label: string, text: string): Promise<void> {
    return this.field(label).fill(text);
  }

  field(label: string | RegExp): Locator {
    return this.page.getByRole('textbox', { name: label, exact: true }).or(this.page.getByLabel(label, { exact: true })).first();
  }

  /** choose picks an entry of a list that opens at a field. */
  async choose(label: string, entry: string): Promise<void> {
    await this.page.getByRole('combobox', { name: label }).or(this.page.getByRole('textbox', { name: label })).first().click();
    await this.page.getByRole('option', { name: entry }).first().click();
  }

  /** paste puts a text into a field as Ctrl+V does. */
  async paste(label: string | RegExp, text: string): Promise<void> {
    const field = this.field(label);
    await field.focus();
    await field.evaluate((e, t) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text', t);
      e.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  }

  /** click presses a button, or follows a link that looks like one. */
  click(name: string | RegExp): Promise<void> {
    return this.button(name).click();
  }

  button(name: string | RegExp): Locator {
    const exact = typeof name === 'string';
    return this.page.getByRole('button', { name, exact }).or(this.page.getByRole('link', { name, exact })).first();
  }

  /** heading waits for the page with this title. */
  heading(name: string | RegExp): Promise<void> {
    return this.page.getByRole('heading', { level: 1, name, exact: typeof name === 'string' }).waitFor();
  }

  /** dialog waits for an overlay with this name. */
  async dialog(name: string | RegExp): Promise<Locator> {
    const found = this.page.getByRole('dialog', { name });
    await found.waitFor();
    return found;
  }

  /** sees waits until a text stands on the page. */
  sees(text: string | RegExp, ms = patience): Promise<void> {
    return this.page.getByText(text).first().waitFor({ timeout: Math.max(ms, patience) });
  }

  /** settled waits until nothing is loaded any more. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .mantine-Loader-root, .mantine-Skeleton-root[data-visible]'));
  }

  /** still makes the page jump from look to look: what is between two colours is nobody's to judge. */
  async still(): Promise<void> {
    await this.page.addStyleTag({ content: '*, *::before, *::after { transition: none !important; animation: none !important; }' });
  }

  /** focused gives the name of what has the focus, as it is read to people. */
  focused(): Promise<string> {
    return this.page.evaluate(() => {
      const e = document.activeElement;
      if (!(e instanceof HTMLElement) || e === document.body) return '';
      const label = e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement ? e.labels?.[0]?.textContent : undefined;
      return (e.getAttribute('aria-label') ?? label ?? e.textContent ?? '').trim();
    });
  }
}
