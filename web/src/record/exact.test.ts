import { describe, expect, it } from 'vitest';
import { indented, memberOf, Num, parsed, written } from './exact';

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

describe('parsed and written', () => {
  it.each([
    ['a large whole number', '{"n":12345678901234567890}'],
    ['ones in lists and further in', '[9007199254740993,{"a":[-9007199254740993]}]'],
    ['decimals as they stand', '[1.10,1.0,1e3,0.1,-0,123E-7]'],
    ['texts that look like numbers or marks', '["9007199254740993","~1","~~9007199254740993",9007199254740993,"a\\"1.10"]'],
    ['one alone', '9007199254740993'],
    ['nothing odd', '{"a":1,"b":[true,null,"x"],"c":{}}'],
  ])('keep %s', (_, text) => {
    expect(written(parsed(text))).toBe(text);
    expect(written(parsed(text), 2)).toBe(indented(text));
  });
  it('are plain values wherever JavaScript keeps them', () => expect(parsed('{"a":1,"b":9007199254740993}')).toEqual({ a: 1, b: new Num('9007199254740993') }));
  it('refuse what is no JSON', () => expect(() => parsed('{"a":9007199254740993')).toThrow());
  it('write undefined as nothing', () => expect(written(undefined)).toBeUndefined());
});
