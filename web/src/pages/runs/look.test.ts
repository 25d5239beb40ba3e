import { describe, expect, it } from 'vitest';
import { eta, isOver, lookOfRun, progressOf, titleOfRun, told } from './look';

const counts = { listed: 600 } as never;
const progress = { pending: 288, failed: 0, lost: 0, listing: false, windows: 0 };

describe('a run', () => {
  it.each([
    [{ kind: 'backfill', spec: { from: '2026-11-15T00:00:00Z', to: '2026-11-20T00:00:00Z' } }, 'Backfill 15 Nov 00:00 – 20 Nov 00:00 UTC'],
    [{ kind: 'backfill', spec: {} }, 'Backfill'],
    [{ kind: 'crawl', number: 3, all: true, spec: {} }, 'Full crawl 3 of f'],
    [{ kind: 'replay', spec: null }, 'Replay of dead letters'],
    [{ kind: 'new', spec: null }, 'new'],
  ])('%j is titled %s', (r, want) => expect(titleOfRun({ flow: 'f', ...r })).toBe(want));
  it('with dead letters is never green', () => expect(lookOfRun('succeeded with dead letters').tone).toBe('warn'));
  it('of a state that is not known says it', () => expect(lookOfRun('odd')).toEqual({ tone: 'unknown', word: 'odd' }));
  it('that waits for approval is not over', () => expect([isOver('waiting for approval'), isOver('running'), isOver('failed')]).toEqual([false, false, true]));
});

describe('progress', () => {
  it('counts what is done with', () => expect(told(progressOf({ counts, progress }))).toBe('312 of 600 splits · 52 %'));
  it('does not count what failed as done', () => expect(progressOf({ counts, progress: { ...progress, pending: 0, failed: 10 } }).done).toBe(590));
  it('of a canceled run ends where it was', () => expect(told(progressOf({ state: 'canceled', counts: { listed: 600, splits: 90 } as never, progress: { ...progress, pending: 0 } }))).toBe('90 of 600 splits · 15 %'));
  it('has no whole while it lists', () => expect(told(progressOf({ counts, progress: { ...progress, listing: true } }))).toBe('312 of at least 600 splits'));
  it('has nothing at first', () => expect(told({ done: 0, of: 0, more: true })).toBe('Listing what there is'));
});

describe('eta', () => {
  it.each([
    [{ done: 312, of: 600, more: false }, 30 * 60_000, 'about 22 – 32 min'],
    [{ done: 1, of: 2, more: false }, 60 * 60_000, 'about 18 min – 1 h'],
    [{ done: 90, of: 100, more: false }, 60_000, 'less than a minute'],
  ])('%j after %d ms is %s', (p, since, want) => expect(eta(p, since)).toBe(want));
  it.each([{ done: 0, of: 9, more: false }, { done: 3, of: 9, more: true }, { done: 9, of: 9, more: false }])('nobody knows of %j', (p) => expect(eta(p, 60_000)).toBeUndefined());
});
