import { describe, expect, it } from 'vitest';
import { editOf, valuesOf } from './settings';

const flow = { name: 'a', description: 'd', revision: 3, spec: { source: 's', destination: 't', mode: 'mirror', guard: '5%' } };

describe('the settings of a flow', () => {
  const before = valuesOf(flow);
  it('show the defaults of what is left open', () => expect(before).toEqual({ name: 'a', description: 'd', every: '1h', full: '24h', deletes: 'absence', guard: '5%' }));
  it('change nothing when nothing was changed', () => expect(editOf(before, { ...before })).toEqual({}));
  it('send only what is different', () => {
    expect(editOf(before, { ...before, name: ' b ', every: '2h' })).toEqual({ rename: 'b', patch: { schedule: { every: '2h', full: '24h' } } });
    expect(editOf(before, { ...before, description: '', guard: '1%' })).toEqual({ description: '', patch: { guard: '1%' } });
  });
});
