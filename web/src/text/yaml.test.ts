import { describe, expect, it } from 'vitest';
import { yamlOf } from './yaml';

describe('yamlOf', () => {
  it('writes a thing as people would', () => {
    const thing = { kind: 'Source', metadata: { name: 'a' }, spec: { start: '-7d', contentTypes: ['Audit.Exchange', 'DLP.All'], hold: { limit: '20GB' }, webhook: undefined, transform: [{ keep: 'Workload != "OneDrive"' }] } };
    expect(yamlOf(thing)).toBe(
      'kind: Source\nmetadata:\n  name: a\nspec:\n  start: -7d\n  contentTypes: [Audit.Exchange, DLP.All]\n  hold:\n    limit: 20GB\n  transform:\n    - { keep: Workload != "OneDrive" }\n',
    );
  });
  it.each([['true'], ['007'], ['a: b'], ['{x}'], [''], ['# no'], [' a'], ['null'], ['*'], ['-']])('quotes %j', (text) => expect(yamlOf({ a: text })).toBe(`a: ${JSON.stringify(text)}\n`));
  it('writes several lines as a block', () => expect(yamlOf({ a: 'x\ny' })).toBe('a: |-\n  x\n  y\n'));
  it('writes numbers and truths plainly', () => expect(yamlOf({ a: 1, b: false, c: {} })).toBe('a: 1\nb: false\nc: {}\n'));
});
