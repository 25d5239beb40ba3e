import { queryOptions, type QueryKey } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { paced } from '@/api/events';

export type FlowStatus = Schemas['FlowStatus'];

/** A Step of a flow's transform: one of the three. */
export interface Step {
  keep?: string;
  drop?: string;
  jq?: string;
}

/** What a flow's spec holds, as the server writes it. */
export interface FlowSpec {
  source: string;
  destination: string;
  mode: 'append' | 'mirror';
  schedule?: { every?: string; full?: string };
  deletes?: 'absence' | 'tombstone' | 'never';
  guard?: string;
  transform?: Step[];
}

export const specOf = (f: { spec: unknown }): FlowSpec => f.spec as FlowSpec;

/** A node that goes away tells nobody: what its lanes are is asked for so often, whatever events are heard. */
const nodes = 10_000;

/** flowQuery reads one flow and how its work stands. */
export const flowQuery = (name: string) =>
  queryOptions({ queryKey: ['flows', 'one', name], queryFn: ({ signal }) => ask('GET', '/flows/{name}', { path: { name }, signal }), refetchInterval: (q) => (q.state.data?.lanes.some((l) => l.home) ? Math.min(nodes, paced(5_000)()) : paced(5_000)()) });

/** What is read again when a flow was changed. */
export const flowKeys: QueryKey[] = [['flows'], ['overview'], ['runs']];
