import { ask, type Schemas } from '@/api/ask';
import { isCode } from '@/api/problem';
import { useChange } from '@/api/use-change';
import { flowKeys } from './status';

/** useSave changes a flow from the revision that its form began with. */
export function useSave(name: string, revision: number, onDone: (flow: Schemas['FlowView']) => void) {
  return useChange((body: Schemas['FlowEditBody']) => ask('PATCH', '/flows/{name}', { path: { name }, body, revision }), { stale: flowKeys, onDone });
}

/** isStale tells whether somebody else changed the thing in the meantime. */
export const isStale = (error: unknown): boolean => isCode(error, 'stale_revision');
