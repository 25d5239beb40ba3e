import type { Schemas } from '@/api/ask';
import { count, percent, plural } from '@/number';
import type { Tone } from '@/parts/state-pill';
import { span } from '@/time/time';

export type RunView = Schemas['RunView'];

export const runKinds = ['backfill', 'replay', 'crawl'] as const;
export type RunKind = (typeof runKinds)[number];

export const runStates = ['running', 'waiting for approval', 'succeeded', 'succeeded with dead letters', 'failed', 'canceled'] as const;
export type RunState = (typeof runStates)[number];

const looks: Record<RunState, { tone: Tone; word: string }> = {
  running: { tone: 'active', word: 'Running' },
  'waiting for approval': { tone: 'warn', word: 'Waiting for approval' },
  succeeded: { tone: 'ok', word: 'Succeeded' },
  'succeeded with dead letters': { tone: 'warn', word: 'Succeeded with dead letters' },
  failed: { tone: 'bad', word: 'Failed' },
  canceled: { tone: 'still', word: 'Canceled' },
};

/** lookOfRun says how a run stands. */
export const lookOfRun = (state: string): { tone: Tone; word: string } => looks[state as RunState] ?? { tone: 'unknown', word: state };

/** byWhom says who began a run. */
export const byWhom = (who: string | undefined): string => (who === 'local' ? 'a command on the server' : who || 'headrace, as planned');

/** isOver tells whether a run has ended. */
export const isOver = (state: string): boolean => state !== 'running' && state !== 'waiting for approval';

const shortTime = (at: string) => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }).format(new Date(at)).replace(',', '');

/** titleOfRun names a run by what it does: "Backfill 15 Nov 00:00 – 20 Nov 00:00 UTC". */
export function titleOfRun(r: Pick<RunView, 'kind' | 'number' | 'spec' | 'all' | 'flow'>): string {
  const spec = (r.spec ?? {}) as { from?: string; to?: string };
  switch (r.kind) {
    case 'backfill':
      return spec.from && spec.to ? `Backfill ${shortTime(spec.from)} – ${shortTime(spec.to)} UTC` : 'Backfill';
    case 'crawl':
      return `${r.all ? 'Full crawl' : 'Crawl'}${r.number ? ` ${r.number}` : ''} of ${r.flow}`;
    case 'replay':
      return 'Replay of dead letters';
  }
  return r.kind;
}

/** A Progress is how far a run has come. of is 0 while nobody knows; more: the listing still finds some. */
export interface Progress {
  done: number;
  of: number;
  more: boolean;
}

/** progressOf counts the splits that are done with. Of a canceled run nothing waits any more, and what did is not done. */
export function progressOf(r: Pick<RunView, 'progress' | 'counts'> & Partial<Pick<RunView, 'state'>>): Progress {
  const { pending, failed, lost, listing: more } = r.progress;
  const of = Math.max(r.counts.listed, pending);
  const done = r.state === 'canceled' ? r.counts.splits : of - pending - failed - lost;
  return { done: Math.min(of, Math.max(0, done)), of, more };
}

/** sentence says how far a run has come: "312 of 600 splits · 52 %". */
export function told(p: Progress): string {
  if (p.of === 0) return p.more ? 'Listing what there is' : 'Nothing to fetch';
  return `${count(p.done)} of ${p.more ? 'at least ' : ''}${plural(p.of, 'split')}${p.more ? '' : ` · ${percent(p.done, p.of)}`}`;
}

/** eta says honestly how long the rest takes, as a range; undefined: nobody can know. */
export function eta(p: Progress, sinceMS: number): string | undefined {
  if (p.more || p.done === 0 || p.done >= p.of || sinceMS < 5_000) return undefined;
  const rest = (sinceMS / p.done) * (p.of - p.done);
  // The fewer are done, the less their pace says of the others.
  const doubt = 0.15 + 0.6 / Math.sqrt(p.done);
  const [low, high] = [rest * Math.max(0.3, 1 - doubt), rest * (1 + doubt)];
  if (high < 60_000) return 'less than a minute';
  const [a, b] = [span(low), span(high)];
  return a === b ? `about ${b}` : `about ${a.split(' ')[1] === b.split(' ')[1] ? a.split(' ')[0] : a} – ${b}`;
}
