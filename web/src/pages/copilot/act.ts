import { queryOptions } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import type { Tone } from '@/parts/state-pill';

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

/** connectionOf gives the ID that a destination's settings fix. */
export const connectionOf = (d: Destination): string => (d.spec as { connection?: { id?: string } }).connection?.id ?? '';

const states: Record<string, { tone: Tone; word: string }> = {
  draft: { tone: 'still', word: 'Draft: no schema yet' },
  pending: { tone: 'waiting', word: 'Provisioning the schema, usually 5 to 15 minutes' },
  provisioning: { tone: 'waiting', word: 'Provisioning the schema, usually 5 to 15 minutes' },
  ready: { tone: 'ok', word: 'Ready' },
  obsolete: { tone: 'warn', word: 'Obsolete' },
  limitExceeded: { tone: 'bad', word: 'Limit exceeded' },
};

/** lookOfConnection says how a connection stands in the tenant. */
export const lookOfConnection = (state: string | undefined): { tone: Tone; word: string } => states[state ?? ''] ?? { tone: 'unknown', word: state ?? 'Not known' };

/** provisioning tells whether Microsoft still makes the schema usable. */
export const provisioning = (state: string | undefined): boolean => state === 'pending' || state === 'provisioning';
