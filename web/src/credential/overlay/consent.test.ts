import { expect, it } from 'vitest';
import type { Help } from '../api';
import { appOf, consentMessage } from './consent';

const help = { type: 't', title: '', summary: '', permissions: [], consent_url: 'https://login/consent', guide: [{ title: 'Copy the two IDs', text: '', link: 'https://no' }, { title: 'Grant admin consent', text: '', link: 'https://entra/app' }] } satisfies Help;

it('the message to an admin names app, tenant, permissions and both ways', () => {
  const text = consentMessage(appOf({ name: ' a ', clientId: 'c1', tenantId: 't1' }, help), ['ActivityFeed.Read']);
  for (const part of ['“a”', 'c1', 't1', 'ActivityFeed.Read', 'https://entra/app', 'https://login/consent']) expect(text).toContain(part);
});

it('leaves out what is not known', () => expect(consentMessage(appOf({ name: '', clientId: 'c1', tenantId: 't1' }, undefined), [])).not.toMatch(/undefined|Entra:|directly|“/));
