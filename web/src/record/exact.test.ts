import { describe, expect, it } from 'vitest';
import { indented, memberOf } from './exact';

describe('memberOf', () => {
  it.each([
    ['a number that JavaScript would round', '{"a":1,"body":{"n":12345678901234567890,"d":1.10}}', '{"n":12345678901234567890,"d":1.10}'],
    ['one of the same name further in', '{"a":{"body":1},"body":{"body":2},"z":3}', '{"body":2}'],
    ['a text that looks like it', '{"a":"\\"body\\":{","body":"x, } y"}', '"x, } y"'],
    ['a value of that text', '{"a":"body","body":[1]}', '[1]'],
    ['none', '{"a":["body",{"body":1}]}', undefined],
  ])('finds it: %s', (_, text, want) => expect(memberOf(text, 'body')).toBe(want));
});

describe('indented', () => {
  it.each(['{"a":[1,{"b":null}],"c":{},"d":[],"e":"x: {,}"}', '[]', '"x"', '{"a":{"b":[[1,2],[]]}}'])('writes %s as JSON.stringify does', (text) => expect(indented(text)).toBe(JSON.stringify(JSON.parse(text), null, 2)));
  it('changes no number', () => expect(indented('{"n":12345678901234567890,"d":1.10}')).toBe('{\n  "n": 12345678901234567890,\n  "d": 1.10\n}'));
});
