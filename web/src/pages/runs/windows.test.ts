import { describe, expect, it } from 'vitest';
import { windowRows, windowState } from './windows';
import { nameOfStep, tookOf } from './step';

const known = (k: object) => ({ stream: 'A', hour: '2026-11-17T03:00:00Z', pending: 0, delivered: 0, failed: 0, lost: 0, discarded: 0, ...k });

describe('an hour of a run', () => {
  it.each([
    [{ delivered: 3 }, 'delivered'],
    [{ delivered: 3, pending: 1 }, 'partial'],
    [{ pending: 1 }, 'pending'],
    [{ delivered: 3, pending: 1, failed: 1 }, 'failed'],
    [{ delivered: 3, failed: 1, lost: 1 }, 'lost'],
    [{ discarded: 1 }, 'discarded'],
  ])('with %j is %s', (k, want) => expect(windowState(known(k))).toBe(want));
  it('that the run has nothing of', () => expect(windowState(undefined)).toBe('none'));
});

describe('the windows', () => {
  it('have a row for each stream and a cell for each hour', () => {
    const rows = windowRows([known({ delivered: 1 }), known({ stream: 'B', hour: '2026-11-17T05:00:00Z', failed: 1 })]);
    expect(rows?.map((r) => [r.name, r.cells.map((c) => c.state)])).toEqual([['A', ['delivered', 'none', 'none']], ['B', ['none', 'none', 'failed']]]);
  });
  it('are no grid where they are years apart, or where there are none', () => {
    expect(windowRows([known({}), known({ hour: '2019-01-01T00:00:00Z' })])).toBeUndefined();
    expect(windowRows([])).toBeUndefined();
  });
});

describe('a step', () => {
  const now = Date.parse('2026-11-17T03:10:00Z');
  it.each([
    [{}, '–'],
    [{ began: '2026-11-17T03:00:00Z' }, '10 min so far'],
    [{ began: '2026-11-17T03:00:00Z', ended: '2026-11-17T03:00:00.4Z' }, 'less than 1 s'],
    [{ began: '2026-11-17T03:00:00Z', ended: '2026-11-17T03:04:00Z' }, '4 min'],
  ])('%j took %s', (s, want) => expect(tookOf(s, now)).toBe(want));
  it('has a name', () => expect([nameOfStep('plan'), nameOfStep('new')]).toEqual(['Plan', 'new']));
});
