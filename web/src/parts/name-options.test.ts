import { expect, test } from 'vitest';
import { optionsOf } from './name-options';

const labels = (...args: Parameters<typeof optionsOf>) => optionsOf(...args).map((o) => (o.disabled ? `(${o.label})` : o.label));

test('what a list offers', () => {
  expect(labels(undefined, null)).toEqual([]);
  expect(labels(undefined, 'a')).toEqual(['a']);
  expect(labels({ names: ['a', 'b'], more: false }, 'a')).toEqual(['a', 'b']);
  expect(labels({ names: ['b', 'c'], more: true }, 'a')).toEqual(['a', 'b', 'c', '(Type to find others)']);
});
