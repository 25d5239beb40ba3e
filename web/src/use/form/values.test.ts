import { describe, expect, it } from 'vitest';
import { defaultOf, entryOf, labelOf, nested, patchOf, settingsOf, wholeLabelOf, wrongForm } from './values';

const field = (path: string, type: string, more: object = {}) => ({ path, type, ...more });

describe('entryOf', () => {
  it.each([
    ['text', {}, 'text'],
    ['text', { enum: ['a'] }, 'choice'],
    ['list of text', {}, 'words'],
    ['list of text', { enum: ['a'] }, 'choices'],
    ['true or false', {}, 'switch'],
    ['mapping', {}, 'pairs'],
    ['list of mapping', {}, 'json'],
    ['any', { list: true }, 'json'],
    ['something of a newer server', {}, 'json'],
  ])('%s %j is %s', (type, more, want) => expect(entryOf(field('a', type, more))).toBe(want));
});

describe('defaultOf', () => {
  it.each([
    [field('a', 'list of text', { default: 'x,y' }), ['x', 'y']],
    [field('a', 'number', { default: '20' }), 20],
    [field('a', 'number'), ''],
    [field('a', 'true or false', { default: 'true' }), true],
    [field('a', 'true or false'), false],
    [field('a', 'duration', { default: '7d' }), '7d'],
  ])('%j', (f, want) => expect(defaultOf(f)).toEqual(want));
});

describe('settings and specs', () => {
  const fields = [field('start', 'duration'), field('hold.limit', 'size'), field('hold.dir', 'text')];
  it('nest what is dotted and leave out what is empty', () => expect(nested({ start: '-7d', 'hold.limit': '1GB', 'hold.dir': '', list: [] })).toEqual({ start: '-7d', hold: { limit: '1GB' } }));
  it('come back', () => expect(settingsOf({ start: '-7d', hold: { limit: '1GB' }, other: 1 }, fields)).toEqual({ start: '-7d', 'hold.limit': '1GB' }));
  it('trim texts, but for blanks that may be meant', () => expect(nested({ path: ' /x ', delimiter: '\t', jq: '.a\n' })).toEqual({ path: '/x', delimiter: '\t', jq: '.a' }));
  it('keep false and 0, which are values', () => expect(nested({ a: false, b: 0 })).toEqual({ a: false, b: 0 }));
});

describe('patchOf', () => {
  it('says what is new, other and gone', () => {
    expect(patchOf({ a: 1, b: { c: 1, d: 2 }, e: [1] }, { b: { c: 1, d: 3 }, e: [1], f: 'x' })).toEqual({ a: null, b: { d: 3 }, f: 'x' });
  });
  it('is empty for the same', () => expect(patchOf({ a: { b: [1, 2] } }, { a: { b: [1, 2] } })).toEqual({}));
});

describe('wrongForm', () => {
  it.each<[string, unknown, boolean]>([
    ['duration', '-7d', true], ['duration', '1d12h', true], ['duration', '90', false], ['duration', 'soon', false],
    ['size', '500MB', true], ['size', '1.5 GB', true], ['size', 'big', false],
    ['time', '2026-11-23', true], ['time', 'x', false], ['number', 'x', false], ['text', '🎉', true], ['duration', '', true],
  ])('%s %j: %s', (type, value, right) => expect(wrongForm(field('a', type), value) === null).toBe(right));
});

it('labels read as words', () => expect(['contentTypes', 'connection.id', 'item.acl', 'maxRecord'].map((path) => labelOf({ path }))).toEqual(['Content types', 'ID', 'ACL', 'Max record']));

it('a setting that is called otherwise says so', () => expect([labelOf({ path: 'name', label: 'File name' }), wholeLabelOf({ path: 'hold.limit' }), wholeLabelOf({ path: 'name', label: 'File name' })]).toEqual(['File name', 'Hold › limit', 'File name']));
