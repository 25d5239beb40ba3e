import { describe, expect, test } from 'vitest';
import { comparable, entryText, lookOf, reasonOf, type Whole } from './whole';

const item = (more: Partial<Whole> = {}): Whole => ({ id: 'leave', destination: 'policies', ...more });

describe('an item from all sides', () => {
  test('its word is of the tenant first', () => {
    expect(lookOf(item())).toEqual({ tone: 'unknown', word: 'The tenant could not be asked' });
    expect(lookOf(item({ found: false }))).toEqual({ tone: 'bad', word: 'Not in the tenant' });
    expect(lookOf(item({ found: true }))).toEqual({ tone: 'ok', word: 'In the tenant' });
    expect(lookOf(item({ found: true, same: true })).word).toBe('In the tenant, as its record is');
    expect(lookOf(item({ found: true, same: false, different: ['acl', 'content'] }))).toEqual({ tone: 'warn', word: 'Differs: acl, content' });
  });

  test('the inventory tells whether the record has changed since', () => {
    const inventory = { state: 'sent', crawl: 3 };
    expect(entryText(item({ inventory, current: true }))).toBe('Sent, crawl 3; the record is as it was then');
    expect(entryText(item({ inventory, current: false }))).toBe('Sent, crawl 3; it has changed since, and the next crawl sends it');
    expect(entryText(item({ inventory: { state: 'failed', crawl: 3, error: 'no such group' } }))).toBe('Refused, crawl 3: no such group');
    expect(entryText(item({ missing: [{ part: 'inventory', code: 'not_in_inventory', reason: 'no crawl has sent it' }] }))).toBe('No crawl has sent it.');
  });

  test('what Graph adds is nothing that differs', () => {
    expect(comparable({ '@odata.context': 'x', id: 'leave', acl: [], properties: { id: 1 }, activities: [] })).toEqual({ acl: [], properties: { id: 1 } });
    expect(comparable(null)).toBe(null);
  });

  test('a part that is missing says why', () => {
    const w = item({ missing: [{ part: 'record', code: 'file_unknown', reason: 'the folder is not there', hint: 'mount its disk' }] });
    expect(reasonOf(w, 'record')).toEqual({ reason: 'The folder is not there.', hint: 'Mount its disk.' });
    expect(reasonOf(w, 'made')).toEqual({ reason: '', hint: '' });
  });
});
