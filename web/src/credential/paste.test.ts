import { describe, expect, it } from 'vitest';
import { clean, cleanID } from './guid';
import { readPaste } from './paste';

const app = '1b4f0e98-51d7-4c55-9a3e-2f6f1f0f2c11';
const tenant = '8f3a7c1e-0000-4a2b-9c1d-5e6f7a8b9c0d';
const object = 'aaaaaaaa-0000-4a2b-9c1d-5e6f7a8b9c0d';

describe('clean', () => {
  it.each([
    ['spaces', `  ${app}\n`],
    ['a no-break space', `\u00a0${app}\u00a0`],
    ['quotes and a comma', `"${app}",`],
    ['braces', `{${app}}`],
    ['braces in quotes', `"{${app}}"`],
    ['zero-width characters', `\u200b${app.slice(0, 8)}\u200b${app.slice(8)}\ufeff`],
    ['capitals', app.toUpperCase()],
  ])('takes off %s', (_, text) => expect(cleanID(text)).toBe(app));
  it('leaves a secret what it is', () => expect(clean(' aB8~Q.x-_9{} ')).toBe('aB8~Q.x-_9{}'));
});

describe('readPaste', () => {
  it('reads the Overview page of Entra', () => {
    const text = `Display name\ncontoso audit\nApplication (client) ID\n${app}\nObject ID\n${object}\nDirectory (tenant) ID\n${tenant}\nSupported account types\nMy organization only`;
    expect(readPaste(text)).toEqual({ clientId: app, tenantId: tenant });
  });
  it.each(['\n:\n', '\n: ', ' :\n'])('reads it as Entra copies it: a label, %j and the value', (between) => {
    expect(readPaste(`Essentials\nDisplay name${between}headrace\nApplication (client) ID${between}${app}\nObject ID${between}${object}\nDirectory (tenant) ID${between}${tenant}\n`)).toEqual({ clientId: app, tenantId: tenant });
  });
  it('reads it with colons, on one line each', () => {
    expect(readPaste(`Application (client) ID : ${app}\r\nObject ID: ${object}\r\nDirectory (tenant) ID: {${tenant.toUpperCase()}}`)).toEqual({ clientId: app, tenantId: tenant });
  });
  it('reads what az ad sp create-for-rbac prints', () => {
    const text = `WARNING: keep it\n{ "appId": "${app}", "displayName": "x", "password": "aB8~Q.secret", "tenant": "${tenant}" }`;
    expect(readPaste(text)).toEqual({ clientId: app, secret: 'aB8~Q.secret', tenantId: tenant });
  });
  it('reads the environment of a script', () => {
    expect(readPaste(`export AZURE_CLIENT_ID=${app}\nAZURE_TENANT_ID="contoso.onmicrosoft.com"\nAZURE_CLIENT_SECRET='s=e:cret'`)).toEqual({ clientId: app, tenantId: 'contoso.onmicrosoft.com', secret: 's=e:cret' });
  });
  it('reads a new secret with its end, and not its ID', () => {
    expect(readPaste(`{"secretText":"v~1","keyId":"${object}","endDateTime":"2027-06-14T10:00:00Z"}`)).toEqual({ secret: 'v~1', expires: '2027-06-14' });
  });
  it.each([
    ['a GUID alone', app],
    ['a secret alone', 'aB8~Q.secret'],
    ['a secret with an equals sign', 'aB8=Q~'],
    ['a sentence', 'The tenant: we do not know it yet'],
    ['JSON of something else', '{"a":1}'],
    ['broken JSON', '{"appId": '],
    ['nothing', ''],
  ])('leaves %s where it was pasted', (_, text) => expect(readPaste(text)).toBeNull());
});
