import type { Schemas } from '@/api/ask';
import { sentence } from '@/text/sentence';
import type { Tone } from '@/parts/state-pill';
import type { Entry } from './acl';

export type Whole = Schemas['ItemWhole'];
export type Part = 'inventory' | 'record' | 'made' | 'stored';

/** reasonOf says why a part of an item could not be had. */
export function reasonOf(w: Whole, part: Part): { reason: string; hint: string } {
  const m = w.missing?.find((one) => one.part === part);
  return { reason: m ? sentence(m.reason) : '', hint: m?.hint ? sentence(m.hint) : '' };
}

/** lookOf says in a word how an item stands. */
export function lookOf(w: Whole): { tone: Tone; word: string } {
  if (w.found === undefined) return { tone: 'unknown', word: 'The tenant could not be asked' };
  if (!w.found) return { tone: 'bad', word: 'Not in the tenant' };
  if (w.same === undefined) return { tone: 'ok', word: 'In the tenant' };
  return w.same ? { tone: 'ok', word: 'In the tenant, as its record is' } : { tone: 'warn', word: `Differs: ${w.different?.join(', ') ?? ''}` };
}

const states: Record<string, string> = { sent: 'Sent', sending: 'Nobody knows what of it arrived; it is sent again', failed: 'Refused' };

/** entryText says what the inventory knows of an item. */
export function entryText(w: Whole): string {
  const e = w.inventory;
  if (!e) return reasonOf(w, 'inventory').reason;
  const changed = w.current === undefined ? '' : w.current ? '; the record is as it was then' : '; it has changed since, and the next crawl sends it';
  return `${states[e.state] ?? e.state}, crawl ${e.crawl}${e.error ? `: ${e.error}` : ''}${changed}`;
}

/** What Graph adds to every item that it gives; nobody sent it. */
const added = new Set(['@odata.context', 'id', 'activities']);

/** comparable is what the tenant has without what Graph adds, to stand beside what would be sent. */
export const comparable = (stored: unknown): unknown => (typeof stored === 'object' && stored !== null ? Object.fromEntries(Object.entries(stored).filter(([name]) => !added.has(name))) : stored);

/** aclOf gives the access list that holds now: the tenant's, or the one that would be sent; undefined: neither is known. */
export const aclOf = (w: Whole): Entry[] | undefined => ((w.stored ?? w.made) as { acl?: Entry[] } | undefined)?.acl;
