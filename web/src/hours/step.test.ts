import { describe, expect, it } from 'vitest';
import { step } from './step';

describe('keys', () => {
  it.each([
    ['ArrowLeft', false, [1, 0], [1, 0]],
    ['ArrowRight', false, [1, 5], [1, 6]],
    ['ArrowDown', false, [2, 5], [2, 5]],
    ['ArrowUp', false, [2, 5], [1, 5]],
    ['Home', false, [2, 5], [2, 0]],
    ['End', true, [0, 0], [2, 47]],
    ['PageDown', false, [0, 30], [0, 47]],
    ['a', false, [0, 0], undefined],
  ] as const)('%s (ctrl %s) from %j goes to %j', (key, ctrl, at, want) => expect(step(key, ctrl, [...at], 3, 48)).toEqual(want));
});
