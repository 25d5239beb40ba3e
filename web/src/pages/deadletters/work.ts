import { ask, type Schemas } from '@/api/ask';
import { written } from '@/record/exact';

export type Filter = Schemas['DeadletterPlanBody'];

/** What is read again when dead letters were touched. */
export const letterKeys = [['letters'], ['flows'], ['runs'], ['overview']];

/** exported gives all letters that a filter picks with their records, one JSON object a line. */
export async function exported(filter: Filter): Promise<string> {
  const lines: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await ask('POST', '/dead-letters/export', { body: { ...filter, after, limit: 500 }, timeout: 120_000, exact: true });
    for (const l of page.items) lines.push(written(l)!);
    if (!page.next) return lines.length > 0 ? `${lines.join('\n')}\n` : '';
    after = page.next;
  }
}
