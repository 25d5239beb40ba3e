import { describe, expect, it } from 'vitest';
import { aligned, step, summary } from './data';

const data = { times: [1000, 2000, 3000], series: [{ label: 'in', values: [1, null, 3] }, { label: 'out', values: [null, null, null] }] };

describe('chart data', () => {
  it('keeps gaps', () => expect(aligned(data)).toEqual([[1, 2, 3], [1, null, 3], [null, null, null]]));
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
