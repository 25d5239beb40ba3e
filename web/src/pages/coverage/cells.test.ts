import { describe, expect, it } from 'vitest';
import { csv, gapsIn, recoverable, rowsOf, stateOf, verdict, type Known, type Row } from './cells';

const hour = 3_600_000;
const now = Date.parse('2026-11-23T14:00:00Z');
const old = now - 10 * hour;

const known = (k: Partial<Known>): Known => ({ source: 's', stream: 'A', hour: new Date(old).toISOString(), listed_minutes: 60, asked_minutes: 60, splits: 0, records: 0, repeats: 0, dead_letters: 0, lost: 0, ...k });
const gap = (from: number, to: number) => ({ source: 's', stream: 'A', reason: '', reported: '', from: new Date(from).toISOString(), to: new Date(to).toISOString() });

describe('an hour', () => {
  it.each<[string, Partial<Known> | undefined, Partial<Known> | undefined, string]>([
    ['listed and delivered', { splits: 2 }, { splits: 2 }, 'collected'],
    ['listed, and nothing was there', {}, undefined, 'empty'],
    ['listed, not all delivered', { splits: 2 }, { splits: 1 }, 'partial'],
    ['listed, nothing delivered', { splits: 2 }, undefined, 'partial'],
    ['not listed to its end', { listed_minutes: 10 }, undefined, 'missing'],
    ['never asked for', undefined, undefined, 'unasked'],
    ['asked for in part, as collecting began in it', { listed_minutes: 20, asked_minutes: 20 }, undefined, 'empty'],
    ['with refused records', { splits: 2 }, { splits: 2, dead_letters: 1 }, 'refused'],
    ['with lost splits, whatever else', { splits: 2 }, { splits: 2, dead_letters: 1, lost: 1 }, 'lost'],
  ])('%s', (_, listed, delivered, want) => {
    expect(stateOf(old, listed && known(listed), delivered && known(delivered), [], now)).toBe(want);
  });
  it('inside a gap is lost', () => expect(stateOf(old, known({}), undefined, [gap(old + 60_000, old + 120_000)], now)).toBe('lost'));
  it('that a gap only touches is not', () => expect(stateOf(old, known({}), undefined, [gap(old - hour, old), gap(old + hour, old + 2 * hour)], now)).toBe('empty'));
  it('that is new is awaited, not missing', () => {
    const at = now - 2 * hour;
    expect(stateOf(at, known({ listed_minutes: 0 }), undefined, [], now)).toBe('awaited');
    expect(stateOf(at, known({ splits: 3 }), undefined, [], now)).toBe('awaited');
    expect(stateOf(at, undefined, undefined, [], now)).toBe('awaited');
  });
  it('that Microsoft has forgotten is lost', () => expect(stateOf(now - 8 * 24 * hour, known({ listed_minutes: 0 }), undefined, [], now)).toBe('lost'));
  it('can be had for seven days', () => expect(recoverable(old, now)).toBe(7 * 24 * hour - 10 * hour));
});

const twoFlows = [known({ splits: 1 }), known({ splits: 1, flow: 'f' }), known({ flow: 'g' })];

describe('the grid', () => {
  const rows = rowsOf(twoFlows, [], old - hour, old + 2 * hour, now);
  it('has a row for each flow and stream, a cell for each hour', () => {
    expect(rows.map((r) => r.key)).toEqual(['f/A', 'g/A']);
    expect(rows.map((r) => r.cells.map((c) => c.state))).toEqual([['unasked', 'collected', 'unasked'], ['unasked', 'partial', 'unasked']]);
  });
  it('has a row for a source without a flow', () => expect(rowsOf([known({})], [], old, old + hour, now)[0]?.key).toBe('s/A'));
  it('says what is wrong, and when nothing is', () => {
    expect(verdict(rows)).toEqual({ whole: false, text: '1 partly delivered.' });
    expect(verdict(rowsOf(twoFlows.slice(0, 2), [], old, old + hour, now)).whole).toBe(true);
  });
  it('joins hours to fill that touch', () => {
    const row = { cells: ['missing', 'partial', 'collected', 'missing'].map((state, i) => ({ at: i * hour, state })) } as Row;
    expect(gapsIn(row)).toEqual([{ from: 0, to: 2 * hour, hours: 2 }, { from: 3 * hour, to: 4 * hour, hours: 1 }]);
  });
  it('is written with every number, and runs nothing in a spreadsheet', () => {
    const text = csv(rowsOf([known({ source: '=1+1', stream: 'a,b' })], [], old, old + hour, now));
    expect(text.split('\r\n')[1]).toBe(`'=1+1,,"a,b",${new Date(old).toISOString()},Empty,60,60,0,0,0,0,0`);
  });
});
