import { describe, expect, it } from 'vitest';
import { firstSteps, wayOf, type Problem } from './way';

const problem = (kind: string, name: string): Problem => ({ code: '', severity: 'trouble', title: '', name: 'f', action: { verb: '', label: '', kind, name } });

describe('wayOf', () => {
  it.each([
    ['credential', 'c', { to: '/credentials/$name', params: { name: 'c' } }],
    ['run', 'run_1', { to: '/runs/$id', params: { id: 'run_1' } }],
    ['dead-letters', 'g1', { to: '/deadletters', search: { flow: 'f', group: 'g1' } }],
    ['coverage', 's', { to: '/coverage', search: { source: 's', range: '7d' } }],
    ['something new', 'x', undefined],
  ])('%s %s leads to %j', (kind, name, want) => expect(wayOf(problem(kind, name))).toEqual(want));
});

describe('firstSteps', () => {
  const none = { sources: 0, destinations: 0, flows: 0, credentials: 0, open_runs: 0, paused_flows: 0, tenants: 0 };
  it('are all to be done at first', () => expect(firstSteps(none).map((s) => s.done)).toEqual([false, false, false]));
  it('are done one by one', () => expect(firstSteps({ ...none, sources: 1, destinations: 2 }).map((s) => s.done)).toEqual([true, true, false]));
});
