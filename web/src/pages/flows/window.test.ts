import { describe, expect, it } from 'vitest';
import { back, field, instant, keepsFor } from './window';

describe('times of a form', () => {
  it('go there and back in UTC', () => expect(instant(field('2026-11-20T03:00:59Z'))).toBe('2026-11-20T03:00:00.000Z'));
  it.each(['', 'soon', '2026-13-01T00:00'])('%j is none', (t) => expect(instant(t)).toBeUndefined());
  it('begin at the full hour', () => expect(back(1, Date.parse('2026-11-23T14:59:00Z'))).toBe('2026-11-22T14:00'));
  it('say how long', () => expect(keepsFor(602_520_000_000_000)).toBe('6 days'));
});
