import { describe, expect, it } from 'vitest';
import { added, moved, rulesOf, stepsOf, sums } from './rules';

const steps = [{ keep: 'a == 1' }, { jq: 'del(.x)' }, { drop: 'b' }];

describe('rules', () => {
  it('go there and back', () => expect(stepsOf(rulesOf(steps))).toEqual(steps));
  it('are none without steps', () => expect(rulesOf(undefined)).toEqual([]));
  it('keep their identity when they move', () => expect(moved(rulesOf(steps), 0, 1).map((r) => r.id)).toEqual([1, 0, 2]));
  it('do not move over an end', () => {
    const rules = rulesOf(steps);
    expect(moved(rules, 0, -1)).toBe(rules);
    expect(moved(rules, 2, 1)).toBe(rules);
  });
  it('get new identities', () => expect(added(rulesOf(steps), 'jq')[3]).toEqual({ id: 3, kind: 'jq', text: '' }));
});

describe('sums', () => {
  const all = { records: 100, passed: 90, changed: 8, dropped: 1, refused: 1, not_tried: 0, made: 98 };
  it('says what became of each', () => expect(sums(all)).toBe('98 of 100 samples pass, 8 changed. 1 dropped, 1 refused.'));
  it('says when one makes several', () => expect(sums({ ...all, records: 1, passed: 0, changed: 1, dropped: 0, refused: 0, made: 3 })).toBe('1 of 1 sample pass, 1 changed. They make 3 records.'));
});
