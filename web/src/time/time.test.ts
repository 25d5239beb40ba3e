import { describe, expect, it } from 'vitest';
import { absolute, clockTime, dayOf, isTime, relative, span } from './time';

const now = Date.parse('2026-11-23T14:00:00Z');

describe('relative', () => {
  it.each([
    ['2026-11-23T13:59:58Z', 'just now'],
    ['2026-11-23T13:59:19Z', '41 s ago'],
    ['2026-11-23T13:56:00Z', '4 min ago'],
    ['2026-11-23T11:00:00Z', '3 h ago'],
    ['2026-11-22T00:00:00Z', '38 h ago'],
    ['2026-11-20T14:00:00Z', '3 days ago'],
    ['2026-12-05T14:00:00Z', 'in 12 days'],
    ['2026-11-23T14:00:30Z', 'in 30 s'],
  ])('%s is %s', (at, want) => expect(relative(at, now)).toBe(want));
});

describe('absolute', () => {
  it('marks UTC', () => expect(absolute('2026-11-23T14:02:11.9Z', 'utc')).toBe('2026-11-23 14:02:11 UTC'));
  it('gives a local time its offset', () => expect(absolute('2026-11-23T14:02:11Z', 'local')).toMatch(/^2026-11-2\d \d\d:02:11 [+−]\d\d:\d\d$/));
  it('gives the time of day', () => expect(clockTime('2026-11-23T14:02:11Z', 'utc')).toBe('14:02:11'));
  it('gives the day', () => expect(dayOf('2026-12-04')).toBe('4 Dec 2026'));
});

describe('isTime', () => {
  it.each([undefined, null, '', '0001-01-01T00:00:00Z', 'soon'])('refuses %s', (at) => expect(isTime(at)).toBe(false));
  it('takes a time', () => expect(isTime('2026-11-23T14:02:11Z')).toBe(true));
});

describe('span', () => {
  it('keeps to whole units', () => expect([span(0), span(59_400), span(60_000), span(47 * 3_600_000), span(49 * 3_600_000)]).toEqual(['0 s', '59 s', '1 min', '47 h', '2 days']));
});
