import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import type { Tone } from '@/parts/state-pill';
import { flowQuery } from '../flows/status';

export const connector = 'microsoft-365-copilot';
export type Destination = Schemas['DestinationView'];

/** What Graph says of a connection. */
export interface Wire {
  id: string;
  name: string;
  description: string;
  state?: string;
  ingestedItemsCount?: number;
  configuration?: { authorizedAppIds?: string[] };
}

/** A Property of a schema, as Graph has it. */
export interface Property {
  name: string;
  type: string;
  isSearchable?: boolean;
  isQueryable?: boolean;
  isRetrievable?: boolean;
  isRefinable?: boolean;
  labels?: string[];
  aliases?: string[];
}

/** Microsoft's answers may take a while, and a registration of a schema longer. */
export const patience = 90_000;

/** act runs a named operation of the destination's connector. */
export const act = async <T>(name: string, action: string, input: object = {}, signal?: AbortSignal): Promise<T> => (await ask('POST', '/destinations/{name}/actions/{action}', { path: { name, action }, body: { input }, signal, timeout: patience })) as T;

/** actQuery asks for something that an operation only shows. */
export const actQuery = <T>(name: string, action: string, input: object = {}) => queryOptions({ queryKey: ['copilot', name, action, input], queryFn: ({ signal }) => act<T>(name, action, input, signal), staleTime: 30_000, retry: false });

/** useFillingFlow reads the flow that fills a connection. */
export const useFillingFlow = (d: Destination | undefined) => useQuery({ ...flowQuery(d?.used_by[0] ?? ''), enabled: !!d?.used_by[0] });

/** connectionOf gives the ID that a destination's settings fix. */
export const connectionOf = (d: Destination): string => (d.spec as { connection?: { id?: string } }).connection?.id ?? '';

const states: Record<string, { tone: Tone; word: string }> = {
  draft: { tone: 'still', word: 'Draft: its schema is not ready' },
  ready: { tone: 'ok', word: 'Ready' },
  obsolete: { tone: 'warn', word: 'Obsolete' },
  limitExceeded: { tone: 'bad', word: 'Limit exceeded' },
};

/** lookOfConnection says how a connection stands in the tenant. Graph calls one a draft until its first schema is usable. */
export const lookOfConnection = (state: string | undefined, provisioning = false): { tone: Tone; word: string } =>
  state === 'draft' && provisioning ? { tone: 'waiting', word: 'Provisioning the schema' } : (states[state ?? ''] ?? { tone: 'unknown', word: state ?? 'Not known' });

/** provisions tells whether Microsoft still makes a schema usable for which a flow's items wait. */
export const provisions = (flow: Pick<Schemas['FlowStatus'], 'trouble'> | undefined): boolean => flow?.trouble?.code === 'schema_pending';

/** wireQuery asks what Graph says of the connection: often until it is ready, for that is what people wait for. */
export const wireQuery = (name: string) =>
  queryOptions({ ...actQuery<Wire>(name, 'connection-show'), refetchInterval: (q) => (q.state.data?.state === 'ready' ? 60_000 : 10_000) });
