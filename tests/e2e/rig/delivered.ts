import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** events reads the records that were written below a folder, in the order of the files' names. */
export function events(home: string): Record<string, unknown>[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ndjson'))
    .sort()
    .flatMap((f) => readFileSync(join(home, f), 'utf8').split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
