import { describe, expect, it } from 'vitest';
import { aclSentences, grantsEveryone } from './acl';

describe('aclSentences', () => {
  it('says what is denied first', () => {
    expect(aclSentences([{ accessType: 'grant', type: 'everyoneExceptGuests', value: 't' }, { accessType: 'deny', type: 'externalGroup', value: 'g1' }])).toEqual(['Hidden from the external group g1.', 'Visible to everybody in the tenant but guests.']);
  });
  it('says that nobody sees what has no list', () => expect(aclSentences([])).toEqual(['Nobody: the access list is empty.']));
  it('names what it does not know', () => expect(aclSentences([{ accessType: 'grant', type: 'robot', value: 'x' }])).toEqual(['Visible to robot x.']));
});

describe('grantsEveryone', () => {
  it.each([
    ['[{type: "everyone"}]', true],
    ['[{"type":"everyone","value":"t"}]', true],
    ['if .open then [{type: "everyoneExceptGuests"}] else . end', false],
    ['[{type: "group", value: .group}]', false],
  ])('%s: %s', (program, want) => expect(grantsEveryone(program)).toBe(want));
});
