import { queryOptions } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';

export type Sample = Schemas['SourceSample'];

/** Reading real records may have to ask Microsoft for some blobs. */
const patience = 90_000;

/** samplesQuery reads some real records of a source. They are read again only when somebody asks. */
export const samplesQuery = (source: string, count = 50) =>
  queryOptions({
    queryKey: ['samples', source, count],
    queryFn: async ({ signal }) => (await ask('POST', '/sources/{name}/sample', { path: { name: source }, body: { count }, signal, timeout: patience, exact: true })).items ?? [],
    staleTime: Infinity,
    retry: false,
  });

/** titleOf names a record by what people know it by: operation and user of audit records, else its key. */
export function titleOf(s: Sample): string {
  const body = s.body as Record<string, unknown> | null;
  const word = (name: string) => (body && typeof body === 'object' && typeof body[name] === 'string' ? (body[name] as string) : undefined);
  const parts = [word('Operation') ?? word('title') ?? word('name'), word('UserId')].filter(Boolean);
  return parts.length > 0 ? parts.join(' · ') : s.key || 'Record';
}
