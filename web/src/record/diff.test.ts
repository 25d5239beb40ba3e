import { describe, expect, it } from 'vitest';
import { changes, diff, ordered } from './diff';

const signs = (a: unknown, b: unknown) => diff(a, b).map((r) => r.sign).join('');

describe('diff', () => {
  it('finds nothing between equals', () => expect(changes(diff({ a: 1, b: [1, 2] }, { a: 1, b: [1, 2] }))).toBe(0));
  it('puts a changed member on one row', () => {
    expect(diff({ a: 1, b: 2 }, { a: 1, b: 3 })[2]).toEqual({ sign: '~', left: '  "b": 2', right: '  "b": 3' });
  });
  it('tells what is gone and what has come', () => {
    expect(signs({ a: 1, b: 2, c: 3 }, { a: 1, c: 3 })).toBe('  -  ');
    expect(signs({ a: 1 }, { a: 1, b: 2 })).toBe('  + ');
  });
  it('is not misled by the comma that moves', () => expect(changes(diff({ a: 1 }, { a: 1, b: 2 }))).toBe(1));
  it('shows all of what has no other side', () => {
    expect(signs({ a: 1 }, undefined)).toBe('---');
    expect(signs(undefined, { a: 1 })).toBe('+++');
  });
  it('does not mind the order of members, at any depth', () => expect(changes(diff({ a: { x: 1, y: 2 }, b: [{ k: 1, l: 2 }] }, { b: [{ l: 2, k: 1 }], a: { y: 2, x: 1 } }))).toBe(0));
  it('minds the order of items', () => expect(changes(diff([1, 2], [2, 1]))).toBeGreaterThan(0));
  it('keeps every line of both sides, in order', () => {
    const [a, b] = [{ x: [1, 2, 3], y: 'q', z: { k: 1 } }, { x: [2, 3, 4], z: { k: 2, m: 3 }, w: null }];
    const rows = diff(a, b);
    expect(rows.flatMap((r) => (r.left === undefined ? [] : [r.left])).join('\n')).toBe(JSON.stringify(a, null, 2));
    expect(rows.flatMap((r) => (r.right === undefined ? [] : [r.right])).join('\n')).toBe(JSON.stringify(ordered(b, a), null, 2));
  });
});
