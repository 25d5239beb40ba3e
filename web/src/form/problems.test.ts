import { describe, expect, it } from 'vitest';
import { ProblemError, type FieldProblem } from '@/api/problem';
import { fieldErrors } from './problems';

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
  it('keeps what belongs to no field', () => {
    const p = { field: 'spec.other', text: 'unknown' };
    expect(fieldErrors(failed(p), ['name'])).toEqual({ at: {}, rest: [p] });
  });
  it('puts two texts at one field', () => {
    expect(fieldErrors(failed({ field: 'spec.a', text: 'is x' }, { field: 'spec.a', text: 'is y' }), ['a']).at.a).toBe('Is x. Is y.');
  });
  it('finds nothing in what is no problem document', () => expect(fieldErrors(new Error('x'), ['a'])).toEqual({ at: {}, rest: [] }));
});
