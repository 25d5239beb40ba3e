import { describe, expect, it } from 'vitest';
import { sentence } from './sentence';

describe('a sentence', () => {
  it.each([
    ['what the server says', 'the name is taken', 'The name is taken.'],
    ['one that ends already', 'is it there?', 'Is it there?'],
    ['one that goes on', 'waiting…', 'Waiting…'],
    ['a host', 'login.microsoftonline.com did not answer', 'login.microsoftonline.com did not answer.'],
    ['a setting', 'item.acl is missing', 'item.acl is missing.'],
    ['a reference', 'env:AUDIT leads to a secret', 'env:AUDIT leads to a secret.'],
    ['an address', 'http://x is no folder', 'http://x is no folder.'],
    ['one that points at a place', 'column 1: no\n    x\n    ^', 'Column 1: no\n    x\n    ^'],
    ['a word before a colon', 'missing: needed for DLP.All', 'Missing: needed for DLP.All.'],
    ['a command', 'headrace serve prints it', 'headrace serve prints it.'],
    ['nothing but a word', 'credentials', 'Credentials.'],
  ])('%s', (_, text, want) => expect(sentence(text)).toBe(want));
});
