import { queryOptions } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { paced } from '@/api/events';

/** How often a run that goes on is asked for where events are not heard, and one that has ended. */
const [going, ended] = [2_000, 60_000];

const every = (over: boolean) => (over ? ended : paced(going)());

/** runQuery reads one run. Its events have it read again at most once a second. */
export const runQuery = (id: string, over: (state: string) => boolean) =>
  queryOptions({ queryKey: ['runs', 'one', id], queryFn: ({ signal }) => ask('GET', '/runs/{name}', { path: { name: id }, signal }), refetchInterval: (q) => every(!!q.state.data && over(q.state.data.state)) });

/** progressQuery reads what it does now, and its steps. */
export const progressQuery = (id: string, over: boolean) =>
  queryOptions({ queryKey: ['runs', 'one', id, 'progress'], queryFn: ({ signal }) => ask('GET', '/runs/{name}/progress', { path: { name: id }, signal }), refetchInterval: () => every(over) });

/** windowsQuery reads how its deliveries stand hour by hour; of a long run that is much, so events alone do not ask for it. */
export const windowsQuery = (id: string, over: boolean) =>
  queryOptions({ queryKey: ['run-windows', id], queryFn: async ({ signal }) => (await ask('GET', '/runs/{name}/windows', { path: { name: id }, signal })).items, refetchInterval: over ? ended : 5_000 });
