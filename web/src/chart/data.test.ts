import { describe, expect, it } from 'vitest';
import { aligned, isEmpty, step, summary } from './data';
import { spanTick } from './options';

const data = { times: [1000, 2000, 3000], series: [{ label: 'in', values: [1, null, 3] }, { label: 'out', values: [null, null, null] }] };

describe('chart data', () => {
  it('keeps gaps', () => expect(aligned(data)).toEqual([[1, 2, 3], [1, null, 3], [null, null, null]]));
  it('is empty without a value, and not with a zero', () => expect([isEmpty({ times: [1], series: [{ label: 'a', values: [null] }] }), isEmpty({ times: [1], series: [{ label: 'a', values: [0] }] })]).toEqual([true, false]));
  it('is told in a sentence', () => {
    expect(summary('Events', data, String)).toBe('Events. in: 3 last, between 1 and 3. out: nothing. Arrow keys move through the values.');
  });
});

describe('step', () => {
  it.each([
    ['ArrowRight', null, 0],
    ['ArrowLeft', null, 2],
    ['ArrowRight', 2, 2],
    ['ArrowLeft', 0, 0],
    ['Home', 1, 0],
    ['End', 1, 2],
    ['a', 1, undefined],
  ] as const)('%s at %s goes to %s', (key, at, want) => expect(step(key, at, 3)).toBe(want));
  it('has nowhere to go without values', () => expect(step('Home', null, 0)).toBeUndefined());
});

describe('ticks of durations', () => {
  it.each([[0, '0'], [30, '30 s'], [900, '15 min'], [43_200, '12 h'], [86_400, '24 h'], [129_600, '36 h'], [172_800, '2 days']] as const)('%d s is %s', (s, want) => expect(spanTick(s)).toBe(want));
});
