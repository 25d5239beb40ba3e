import { describe, expect, it } from 'vitest';
import { countsOf } from './counts';

const problem = (code: string, kind: string, count?: number, severity = 'attention') => ({ code, kind, count, severity, title: '', action: { verb: '', label: '', kind: '', name: '' } });

describe('countsOf', () => {
  it('counts what needs somebody', () => {
    const problems = [problem('secret_expiring', 'credential'), problem('dead_letters', 'flow', 12), problem('dead_letters', 'flow', 3), problem('coverage_missing', 'source', 14), problem('paused', 'credential', 1, 'notice')];
    expect(countsOf({ problems })).toEqual({ credentials: 1, dead_letters: 15, coverage: 14 });
  });
  it('is nothing without problems', () => expect(countsOf({ problems: [] })).toEqual({ credentials: 0, dead_letters: 0, coverage: 0 }));
});
