import type { BrowserContext } from 'playwright-core';

/** A Watch writes down what a visitor must never see: errors in the console, failed requests, requests to elsewhere. */
export class Watch {
  readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(context: BrowserContext, origin: string) {
    context.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') this.note(`console ${m.type()}: ${m.text()} (${m.location().url})`);
    });
    context.on('weberror', (e) => this.note(`uncaught: ${e.error().stack ?? e.error().message}`));
    context.on('requestfailed', (r) => {
      const why = r.failure()?.errorText ?? '';
      // A page that is left gives up what it asked for.
      if (why !== 'net::ERR_ABORTED') this.note(`failed: ${r.method()} ${r.url()} ${why}`);
    });
    context.on('request', (r) => {
      const url = new URL(r.url());
      if (url.origin !== origin && !['data:', 'blob:', 'about:'].includes(url.protocol)) this.note(`elsewhere: ${r.method()} ${r.url()}`);
    });
  }

  /** expect names what belongs to the test, as an answer 409 to a name that is taken. */
  expect(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  /** unexpected gives what was seen and nobody named. */
  unexpected(): string[] {
    return this.seen.filter((s) => !this.expected.some((e) => e.test(s)));
  }

  private note(text: string): void {
    this.seen.push(text);
  }
}
