import { useQuery } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import type { Draft } from './checks';
import { clean, cleanID } from './guid';

export type Credential = Schemas['CredentialView'];
export type Help = Schemas['CredentialHelp'];
export type Checks = Schemas['Checks'];
export type Check = Pick<Schemas['Check'], 'name' | 'result' | 'text' | 'fix' | 'link' | 'ok' | 'class' | 'code'>;

export const credentialsKey = ['credentials'];

/** How long a test may take: it asks Entra and an API, 10 s each, more than once. */
const testPatience = 60_000;

/** useCredentials lists credentials, as many as there are on the first pages; the server looks for those of a type and with a text in them. */
export const useCredentials = (among: { q?: string; type?: string } = {}) => usePages<Credential>([...credentialsKey, 'list', among], '/credentials', { query: among }, { keep: true });

export const useCredential = (name: string, enabled = true) =>
  useQuery({ queryKey: [...credentialsKey, 'one', name], queryFn: ({ signal }) => ask('GET', '/credentials/{name}', { path: { name }, signal }), enabled });

/** useCredentialTypes tells which connectors take credentials. */
export const useCredentialTypes = () =>
  useQuery({ queryKey: ['credential-types'], queryFn: async ({ signal }) => (await ask('GET', '/credential-types', { signal })).items, staleTime: Infinity });

/** useHelp gives guide and permissions of a type in a cloud. */
export const useHelp = (type: string, cloud: string) =>
  useQuery({ queryKey: ['credential-help', type, cloud], queryFn: ({ signal }) => ask('GET', '/credential-help', { query: { type, cloud }, signal }), enabled: type !== '', staleTime: Infinity, placeholderData: (old) => old });

/** specOf gives the settings as the API takes them; the secret is not among them. */
export function specOf(type: string, d: Draft): Record<string, unknown> {
  const endpoints = Object.fromEntries((['login', 'graph', 'management', 'ca'] as const).map((k) => [k, d[k].trim()]).filter(([, v]) => v !== ''));
  return {
    type,
    cloud: d.cloud,
    tenantId: cleanID(d.tenantId),
    clientId: cleanID(d.clientId),
    ...(d.expires ? { expires: d.expires } : {}),
    ...(d.secretBy === 'reference' ? { clientSecret: { ref: d.reference.trim() } } : {}),
    ...(d.cloud === 'custom' && Object.keys(endpoints).length > 0 ? { endpoints } : {}),
  };
}

const secretOf = (d: Draft) => (d.secretBy === 'value' && d.secret !== '' ? clean(d.secret) : undefined);

/** addCredential saves a new credential. The key makes it safe to send again. */
export const addCredential = (type: string, d: Draft, idempotencyKey: string) =>
  ask('POST', '/credentials', { body: { name: d.name.trim(), description: d.description.trim(), spec: specOf(type, d), secret: secretOf(d) }, idempotencyKey });

/** tryDraft tests what is not saved yet; nothing is kept of it. `of` is the saved one that it would change: it lends its secret when none is typed. */
export const tryDraft = (type: string, d: Draft, of: string | undefined, signal?: AbortSignal) =>
  ask('POST', '/drafts/credential/test', { body: { name: d.name.trim(), of, spec: specOf(type, d), secret: secretOf(d) }, signal, timeout: testPatience });

export const testCredential = (name: string) => ask('POST', '/credentials/{name}/test', { path: { name }, timeout: testPatience });

/** editCredential changes everything but the secret. What is null goes back to its default. */
export const editCredential = (c: Credential, d: Draft) =>
  ask('PATCH', '/credentials/{name}', {
    path: { name: c.name },
    revision: c.revision,
    body: { rename: d.name.trim() === c.name ? undefined : d.name.trim(), description: d.description.trim(), patch: { expires: null, endpoints: null, ...specOf(c.type, d) } },
  });

/** Rotation is a new secret, or where it stands. */
export interface Rotation {
  secretBy: 'value' | 'reference';
  secret: string;
  reference: string;
  expires: string;
  untested: boolean;
}

export const rotateCredential = (c: Credential, r: Rotation) =>
  ask('POST', '/credentials/{name}/rotate', {
    path: { name: c.name },
    body: { revision: c.revision, expires: r.expires || undefined, no_test: r.untested || undefined, ...(r.secretBy === 'value' ? { secret: clean(r.secret) } : { reference: r.reference.trim() }) },
    timeout: testPatience,
  });

export const removeCredential = (c: Credential) => ask('DELETE', '/credentials/{name}', { path: { name: c.name }, revision: c.revision });

/** draftOf fills the form with a credential that is there; its secret is not to be had. */
export function draftOf(c: Credential): Draft {
  const spec = c.spec as { clientSecret?: { ref?: string }; endpoints?: Partial<Record<'login' | 'graph' | 'management' | 'ca', string>> };
  const ref = spec.clientSecret?.ref ?? '';
  return {
    name: c.name,
    description: c.description,
    clientId: c.client_id,
    secretBy: ref ? 'reference' : 'value',
    secret: '',
    reference: ref,
    expires: c.expires?.slice(0, 10) ?? '',
    tenantId: c.tenant_id,
    cloud: c.cloud || 'worldwide',
    login: spec.endpoints?.login ?? '',
    graph: spec.endpoints?.graph ?? '',
    management: spec.endpoints?.management ?? '',
    ca: spec.endpoints?.ca ?? '',
  };
}
