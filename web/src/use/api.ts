import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import type { Kind } from './kind';

export type Connector = Schemas['Connector'];
export type SettingField = Schemas['ConfigField'];
/** A Use is a source or a destination as the API shows it. */
export type Use = Schemas['SourceView'] | Schemas['DestinationView'];
export type Spec = Record<string, unknown>;

/** How long asking Microsoft for samples or checks may take. */
const patience = 90_000;

export const usesKey = (kind: Kind) => [kind === 'source' ? 'sources' : 'destinations'];

export const useUses = (kind: Kind, q?: string) => usePages<Use>([...usesKey(kind), 'list', q ?? ''], kind === 'source' ? '/sources' : '/destinations', { query: { q } });

export const readUse = (kind: Kind, name: string, signal?: AbortSignal): Promise<Use> =>
  kind === 'source' ? ask('GET', '/sources/{name}', { path: { name }, signal }) : ask('GET', '/destinations/{name}', { path: { name }, signal });

export const useUse = (kind: Kind, name: string) => useQuery({ queryKey: [...usesKey(kind), 'one', name], queryFn: ({ signal }) => readUse(kind, name, signal), enabled: name !== '' });

export const useConnectors = () => useQuery({ queryKey: ['connectors'], queryFn: async ({ signal }) => (await ask('GET', '/connectors', { signal })).items, staleTime: Infinity });

export const useConnector = (name: string) => useQuery({ queryKey: ['connectors', name], queryFn: ({ signal }) => ask('GET', '/connectors/{name}', { path: { name }, signal }), staleTime: Infinity, enabled: name !== '' });

/** fieldsOf gives a connector's settings for a kind. */
export const fieldsOf = (c: Connector | undefined, kind: Kind): SettingField[] => c?.[kind] ?? [];

/** An Unsaved is a use that is not saved, or the change of one that is (`of`). */
export interface Unsaved {
  name: string;
  spec: Spec;
  of?: string;
}

/** judgmentQuery has the server say all that is wrong with a draft. */
export const judgmentQuery = (kind: Kind | 'flow', u: Unsaved) =>
  queryOptions({ queryKey: ['judgment', kind, u], queryFn: ({ signal }) => ask('POST', '/drafts/validate', { body: { kind, ...u }, signal }), staleTime: 30_000 });

/** useJudgment asks while the draft is typed. */
export const useJudgment = (kind: Kind | 'flow', u: Unsaved) => useQuery({ ...judgmentQuery(kind, u), placeholderData: keepPreviousData });

/** useSample reads some records of a source that is not saved, and their schema. */
export const useSample = (u: Unsaved) =>
  useQuery({ queryKey: ['sample', u], queryFn: ({ signal }) => ask('POST', '/drafts/source/sample', { body: { ...u, count: 50 }, signal, timeout: patience, exact: true }), staleTime: 300_000, retry: false });

/** useTrial makes the checks of a use that is not saved. */
export const useTrial = (kind: Kind, u: Unsaved) =>
  useQuery({
    queryKey: ['trial', kind, u],
    queryFn: ({ signal }) => (kind === 'source' ? ask('POST', '/drafts/source/test', { body: u, signal, timeout: patience }) : ask('POST', '/drafts/destination/test', { body: u, signal, timeout: patience })),
    staleTime: 60_000,
    retry: false,
  });

/** A New is what a use is made of. */
export interface New {
  name: string;
  description: string;
  spec: Spec;
  paused: boolean;
  idempotencyKey: string;
}

export const createUse = (kind: Kind, { idempotencyKey, ...body }: New): Promise<Use> => (kind === 'source' ? ask('POST', '/sources', { body, idempotencyKey }) : ask('POST', '/destinations', { body, idempotencyKey }));

/** A Change edits a use; it was made from a revision. */
export interface Change {
  rename?: string;
  description?: string;
  patch?: Spec;
}

export const editUse = (kind: Kind, name: string, revision: number, body: Change): Promise<Use> =>
  kind === 'source' ? ask('PATCH', '/sources/{name}', { path: { name }, revision, body }) : ask('PATCH', '/destinations/{name}', { path: { name }, revision, body });

export const pauseUse = (kind: Kind, name: string, reason: string): Promise<Use> =>
  kind === 'source' ? ask('POST', '/sources/{name}/pause', { path: { name }, body: { reason } }) : ask('POST', '/destinations/{name}/pause', { path: { name }, body: { reason } });

export const resumeUse = (kind: Kind, name: string): Promise<Use> => (kind === 'source' ? ask('POST', '/sources/{name}/resume', { path: { name } }) : ask('POST', '/destinations/{name}/resume', { path: { name } }));

export const removeUse = (kind: Kind, u: Use) =>
  kind === 'source' ? ask('DELETE', '/sources/{name}', { path: { name: u.name }, revision: u.revision }) : ask('DELETE', '/destinations/{name}', { path: { name: u.name }, revision: u.revision });

export const testUse = (kind: Kind, name: string) =>
  kind === 'source' ? ask('POST', '/sources/{name}/test', { path: { name }, timeout: patience }) : ask('POST', '/destinations/{name}/test', { path: { name }, timeout: patience });

export const useActions = (kind: Kind, name: string) =>
  useQuery({
    queryKey: [...usesKey(kind), 'actions', name],
    queryFn: async ({ signal }) => (kind === 'source' ? await ask('GET', '/sources/{name}/actions', { path: { name }, signal }) : await ask('GET', '/destinations/{name}/actions', { path: { name }, signal })).items,
    staleTime: Infinity,
  });

export const act = (kind: Kind, name: string, action: string, input: Spec) =>
  kind === 'source'
    ? ask('POST', '/sources/{name}/actions/{action}', { path: { name, action }, body: { input }, timeout: patience, exact: true })
    : ask('POST', '/destinations/{name}/actions/{action}', { path: { name, action }, body: { input }, timeout: patience, exact: true });
