import { describe, expect, it } from 'vitest';
import type { Check } from './api';
import { outcomeOf, rowOf } from './result';

const rights = ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'];
const row = (name: string, result: string, more: Partial<Check> = {}): Check => ({ name, result, text: '', ok: ['works', 'not_needed', 'broader'].includes(result), ...more });
const token = row('Token from Entra', 'works');

describe('outcomeOf', () => {
  it.each<[string, Check[], string, boolean]>([
    ['all is well', [token, row('ActivityFeed.Read', 'works'), row('ActivityFeed.ReadDlp', 'not_needed')], 'Everything this credential needs is granted', false],
    ['one permission is missing', [token, row('ActivityFeed.Read', 'missing'), row('Audit logging in the tenant', 'unknown')], 'Signed in, but 1 permission is missing', true],
    ['two are', [token, row('ActivityFeed.Read', 'missing'), row('ActivityFeed.ReadDlp', 'missing')], 'Signed in, but 2 permissions are missing', true],
    ['the secret is wrong', [row('Token from Entra', 'refused', { code: 'secret_wrong', text: 'Entra rejected the client secret' })], 'Entra rejected the client secret', false],
    ['the secret has ended', [row('Token from Entra', 'refused', { code: 'secret_expired', text: 'the client secret has expired' })], 'The client secret has expired', false],
    ['what is wrong is not Entra’s', [row('Tenant ID', 'refused', { text: 'no tenant has the domain x.example' })], 'No tenant has the domain x.example', false],
    ['a reference leads nowhere', [row('Secret reference', 'missing')], 'Secret reference needs attention', false],
    ['logging is off', [token, row('ActivityFeed.Read', 'works'), row('Audit logging in the tenant', 'missing')], 'Signed in, but Audit logging in the tenant needs attention', false],
    ['nobody answers', [row('Token from Entra', 'unknown', { class: 'unavailable' })], 'Token from Entra could not be checked', false],
  ])('%s', (_, checks, title, consent) => {
    const o = outcomeOf(checks, rights, false);
    expect(o.title).toBe(title);
    expect(o.consent).toBe(consent);
  });
});

describe('rowOf', () => {
  it.each<[Check, string]>([
    [token, 'Works'],
    [row('ActivityFeed.Read', 'works'), 'Granted'],
    [row('ActivityFeed.Read', 'missing'), 'Missing'],
    [row('Audit logging in the tenant', 'missing'), 'Off'],
    [row('Audit logging in the tenant', 'unknown'), 'Cannot tell yet'],
    [row('Token from Entra', 'unknown', { class: 'unavailable' }), 'Cannot reach'],
    [row('Token from Entra', 'unknown', { class: 'throttled' }), 'Asked to wait'],
    [row('x', 'broader'), 'Granted, broader than needed'],
  ])('says a word for each', (check, word) => expect(rowOf(check, rights).word).toBe(word));
});
