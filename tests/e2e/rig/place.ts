import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));

/** The binary that is tested. */
export const binary = process.env.HEADRACE_BINARY ?? join(here, '../../bin/headrace');

/** Where Debian puts the browser; another may be named. */
export const browserPath = process.env.HEADRACE_CHROMIUM ?? '/usr/bin/chromium';

/** What a failed run leaves to look at; git ignores it. */
export const artefacts = join(here, 'artefacts');

/** The pictures that the pages are held against. */
export const baselines = join(here, 'baselines');

/** The pictures of the documentation; they are baselines too. */
export const images = join(here, '../../docs/images');

/** Set: pictures that differ are written anew. */
export const update = !!process.env.HEADRACE_E2E_UPDATE;

/** How many times more time a machine needs that has much else to do: HEADRACE_E2E_SLOWNESS=4. */
export const slowness = Number(process.env.HEADRACE_E2E_SLOWNESS ?? 1);

const made: string[] = [];
process.on('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** folder makes one that is gone when the tests end. */
export function folder(name: string): string {
  const path = mkdtempSync(join(process.env.HEADRACE_E2E_TMP ?? tmpdir(), `headrace-${name}-`));
  made.push(path);
  return path;
}
