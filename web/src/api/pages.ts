import { keepPreviousData, useInfiniteQuery, type QueryKey } from '@tanstack/react-query';
import { call, type Call } from './http';

/** A Page is one part of a list; next is the cursor of the one after it, absent at the end. */
export interface Page<T> {
  items: T[] | null;
  next?: string;
}

interface Options {
  limit?: number;
  refetchInterval?: number | false;
  /** What was read for another filter stays until the new one is answered. */
  keep?: boolean;
}

/** usePages reads a list part by part. The items of all parts that were read stand in one array, in order. */
export function usePages<T>(key: QueryKey, route: string, c: Call = {}, options: Options = {}) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => call<Page<T>>('GET', route, { ...c, query: { ...c.query, after: pageParam, limit: options.limit ?? 100 }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: options.refetchInterval,
    placeholderData: options.keep ? keepPreviousData : undefined,
    select: (all) => all.pages.flatMap((p) => p.items ?? []),
  });
  return query;
}

export type Pages<T> = ReturnType<typeof usePages<T>>;
