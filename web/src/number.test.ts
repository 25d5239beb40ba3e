import { describe, expect, it } from 'vitest';
import { count, percent, plural, short, size } from './number';

describe('numbers', () => {
  it('counts', () => expect([count(undefined), count(1204567)]).toEqual(['0', '1,204,567']));
  it.each([[0, '0'], [9999, '9,999'], [12_345, '12.3 k'], [1_200_000, '1.2 M'], [345_000_000, '345 M'], [2e9, '2 G']])('%d is short %s', (n, want) => expect(short(n)).toBe(want));
  it.each([[0, '0 B'], [999, '999 B'], [30_248_979, '30.2 MB'], [4e15, '4.0 PB']])('%d bytes are %s', (n, want) => expect(size(n)).toBe(want));
  it('knows one from many', () => expect([plural(1, 'window'), plural(0, 'window'), plural(2, 'query', 'queries')]).toEqual(['1 window', '0 windows', '2 queries']));
  it.each([[0, 0, '–'], [0, 9, '0 %'], [1, 1000, '< 1 %'], [999, 1000, '99 %'], [9, 9, '100 %'], [312, 600, '52 %']])('%d of %d is %s', (a, b, want) => expect(percent(a, b)).toBe(want));
});
