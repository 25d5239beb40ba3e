import { describe, expect, it } from 'vitest';
import { ProblemError, type FieldProblem } from '@/api/problem';
import { elsewhere, fieldErrors } from './problems';

const failed = (...problems: FieldProblem[]) => new ProblemError({ type: '', title: 'bad', status: 422, class: 'invalid', code: 'invalid', problems });

describe('fieldErrors', () => {
  it.each([
    ['spec.contentTypes', 'contentTypes'],
    ['spec.contentTypes[2]', 'contentTypes'],
    ['metadata.name', 'name'],
    ['body.spec.hold.limit', 'hold.limit'],
    ['name', 'name'],
    ['body.name', 'name'],
  ])('%s stands at %s', (path, field) => {
    const placed = fieldErrors(failed({ field: path, text: 'must be right' }), ['name', 'contentTypes', 'hold', 'hold.limit']);
    expect(placed).toEqual({ at: { [field]: 'Must be right.' }, rest: [] });
  });
  it('tells a name from a setting of that name', () => {
    const { at } = fieldErrors(failed({ field: 'name', text: 'is taken' }, { field: 'spec.name', text: 'has no end' }), ['name', 'spec.name']);
    expect(at).toEqual({ name: 'Is taken.', 'spec.name': 'Has no end.' });
  });
  it('keeps what belongs to no field', () => {
    const p = { field: 'spec.other', text: 'unknown' };
    expect(fieldErrors(failed(p), ['name'])).toEqual({ at: {}, rest: [p] });
  });
  it('puts two texts at one field', () => {
    expect(fieldErrors(failed({ field: 'spec.a', text: 'is x' }, { field: 'spec.a', text: 'is y' }), ['a']).at.a).toBe('Is x. Is y.');
  });
  it('finds nothing in what is no problem document', () => expect(fieldErrors(new Error('x'), ['a'])).toEqual({ at: {}, rest: [] }));
});

describe('elsewhere', () => {
  const [known, other] = [{ field: 'spec.a', text: 'is x' }, { field: 'spec.b', text: 'is y' }];
  it('says nothing again that stands at a field', () => expect(elsewhere(failed(known), ['a'])).toBeNull());
  it('keeps the rest', () => expect((elsewhere(failed(known, other), ['a']) as ProblemError).problem.problems).toEqual([other]));
  it('keeps what is about no field', () => {
    const e = new ProblemError({ type: '', title: 'somebody else was quicker', status: 412, class: 'conflict', code: 'stale_revision' });
    expect(elsewhere(e, ['a'])).toBe(e);
  });
  it('knows that a taken name is the name’s', () => {
    const e = new ProblemError({ type: '', title: 'the name "a" is taken', hint: 'choose another', status: 409, class: 'conflict', code: 'name_taken' });
    expect(fieldErrors(e, ['name']).at).toEqual({ name: 'The name "a" is taken. Choose another.' });
    expect([elsewhere(e, ['name']), elsewhere(e, ['other'])]).toEqual([null, e]);
  });
  it('is silent without an error', () => expect(elsewhere(null, ['a'])).toBeNull());
});
