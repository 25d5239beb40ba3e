import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';

export type Dataset = Schemas['DatasetView'];
export type Field = Schemas['DatasetFieldView'];
export type Change = Schemas['DatasetChangeView'];
export type Schema = Schemas['DatasetSchema'];

/** How often a page looks again: records come a few times a minute, what they look like changes slowly. */
const often = 10_000;
const slowly = 60_000;

export const datasetsKey = ['datasets'];

export const useDatasets = (q?: string) => usePages<Dataset>([...datasetsKey, 'list', q ?? ''], '/datasets', { query: { q } }, { refetchInterval: slowly });

export const datasetQuery = (name: string) =>
  queryOptions({ queryKey: [...datasetsKey, 'one', name], queryFn: ({ signal }) => ask('GET', '/datasets/{name}', { path: { name }, signal }), refetchInterval: often });

/** keptQuery gives the records that are kept; while the list is paused it stays as it is. */
export const keptQuery = (name: string, stream: string | undefined, paused: boolean) =>
  queryOptions({
    queryKey: [...datasetsKey, 'kept', name, stream ?? ''],
    queryFn: async ({ signal }) => (await ask('GET', '/datasets/{name}/samples', { path: { name }, query: { stream, limit: 100 }, signal, exact: true })).items ?? [],
    refetchInterval: paused ? false : often,
    staleTime: paused ? Infinity : 0,
    placeholderData: keepPreviousData,
  });

export const schemaQuery = (name: string, stream: string | undefined) =>
  queryOptions({
    queryKey: [...datasetsKey, 'schema', name, stream ?? ''],
    queryFn: ({ signal }) => ask('GET', '/datasets/{name}/schema', { path: { name }, query: { stream }, signal }),
    refetchInterval: slowly,
    placeholderData: keepPreviousData,
  });

export const useChanges = (name: string, stream: string | undefined) =>
  usePages<Change>([...datasetsKey, 'changes', name, stream ?? ''], `/datasets/${encodeURIComponent(name)}/changes`, { query: { stream } }, { limit: 20, refetchInterval: slowly });

/** titleOf names a record by what people know it by: operation and user of audit records, else its key. What was hidden says nothing. */
export function titleOf(body: unknown, key: string | undefined): string {
  const word = (...names: string[]) => names.map((n) => (body && typeof body === 'object' ? (body as Record<string, unknown>)[n] : undefined)).find((v): v is string => typeof v === 'string' && v !== '' && !v.startsWith('‹'));
  const parts = [word('Operation', 'title', 'name'), word('UserId', 'Workload')].filter(Boolean);
  return parts.length > 0 ? parts.join(' · ') : key || 'Record';
}
