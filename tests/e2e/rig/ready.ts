import { accessSync, constants } from 'node:fs';
import { binary, browserPath } from './place.ts';

/** Fails before anything is started when something that all tests need is not there. */
export default function ready(): void {
  for (const [path, mend] of [
    [binary, 'Run: make ui build'],
    [browserPath, 'Install Debian\'s package chromium, or name a browser of its kind in HEADRACE_CHROMIUM.'],
  ] as const) {
    try {
      accessSync(path, constants.X_OK);
    } catch {
      throw new Error(`${path} is not there. ${mend}`);
    }
  }
}
