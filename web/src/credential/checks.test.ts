import { describe, expect, it } from 'vitest';
import { check, checkAll, emptyDraft, type Draft, type Field } from './checks';

const app = '1b4f0e98-51d7-4c55-9a3e-2f6f1f0f2c11';
const around = { names: ['contoso-audit'], now: Date.parse('2026-11-23T10:00:00Z') };
const good: Draft = { ...emptyDraft, name: 'a', clientId: app, secret: 'v', tenantId: 'contoso.onmicrosoft.com' };

describe('the checks of a credential', () => {
  it('find nothing wrong with a good one', () => expect(checkAll(good, around)).toEqual({}));
  it('name what is missing', () => expect(Object.keys(checkAll(emptyDraft, around)).sort()).toEqual(['clientId', 'name', 'secret', 'tenantId']));
  it.each<[string, Field, Partial<Draft>, string | null]>([
    ['a name that is taken, in other letters', 'name', { name: 'Contoso-Audit' }, 'is taken'],
    ['a name with a space', 'name', { name: 'a b' }, 'letters, digits'],
    ['a name in emoji', 'name', { name: '🎉' }, 'letters, digits'],
    ['a client ID with braces', 'clientId', { clientId: `{${app}}` }, null],
    ['a client ID that is none', 'clientId', { clientId: '123' }, '36 characters'],
    ['the tenant ID as client ID', 'clientId', { clientId: app, tenantId: app.toUpperCase() }, 'This is the tenant ID'],
    ['the Secret ID as secret', 'secret', { secret: app }, 'looks like the Secret ID'],
    ['no secret where one is kept', 'secret', { secret: '' }, 'Paste the secret'],
    ['a reference', 'reference', { secretBy: 'reference', reference: 'env:X' }, null],
    ['a reference of another kind', 'reference', { secretBy: 'reference', reference: 'http://x' }, 'Begin with'],
    ['today as the end', 'expires', { expires: '2026-11-23' }, null],
    ['a day that has passed', 'expires', { expires: '2026-11-20' }, 'has passed'],
    ['three years', 'expires', { expires: '2029-11-23' }, '24 months'],
    ['a tenant that is no domain', 'tenantId', { tenantId: 'contoso' }, 'verified domain'],
    ['a host with a path', 'login', { cloud: 'custom', login: 'https://x/y' }, 'a host alone'],
    ['a host that is not looked at', 'login', { login: 'https://x/y' }, null],
  ])('%s', (_, field, part, want) => {
    const told = check(field, { ...good, ...part }, around);
    if (want === null) expect(told).toBeNull();
    else expect(told).toContain(want);
  });
  it('let a kept secret be', () => expect(check('secret', { ...good, secret: '' }, { ...around, keepsSecret: true })).toBeNull());
});
