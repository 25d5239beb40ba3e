import { chromium, type Browser } from 'playwright-core';
import { browserPath } from './place.ts';

// Without the switches for background networking the browser calls its maker at every start. The others make pictures
// the same on every machine.
const switches = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb', '--hide-scrollbars',
];

let started: Promise<Browser> | undefined;

/** theBrowser is one for each file of tests; every test has its own context in it, as a person of their own. */
export function theBrowser(): Promise<Browser> {
  started ??= chromium.launch({ executablePath: browserPath, chromiumSandbox: process.getuid?.() !== 0, args: switches });
  return started;
}

export async function closeBrowser(): Promise<void> {
  await (await started)?.close();
  started = undefined;
}
