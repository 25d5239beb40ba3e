import { describe, expect, it } from 'vitest';
import { touches, type Told } from './look';

describe('an event', () => {
  it.each<[Told, unknown[], boolean]>([
    [{ kind: 'run', id: 'run_1' }, ['runs', 'one', 'run_1', 'progress'], true],
    [{ kind: 'run', id: 'run_1' }, ['runs', 'one', 'run_2'], false],
    [{ kind: 'run', id: 'run_1' }, ['runs', 'list', {}], true],
    [{ kind: 'run', id: 'run_1' }, ['flows', 'one', 'f'], false],
    [{ kind: 'progress', name: 'f' }, ['flows', 'one', 'f'], true],
    [{ kind: 'progress', name: 'f' }, ['flows', 'one', 'g'], false],
    [{ kind: 'progress', name: 'f' }, ['flows', 'list', ''], false],
    [{ kind: 'letters' }, ['letters', 'groups'], true],
    [{ kind: 'letters' }, ['credentials', 'list'], false],
    [{ kind: 'credential', name: 'c' }, ['sources', 'one', 's'], true],
    [{ kind: 'reset' }, ['runs', 'one', 'run_2'], true],
    [{ kind: 'reset' }, ['session'], false],
  ])('%j touches %j: %s', (told, key, want) => expect(touches(told, key)).toBe(want));
});
