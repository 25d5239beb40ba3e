import { useQuery } from '@tanstack/react-query';
import { call } from '@/api/http';
import { useSession } from '@/api/session';

/** How many things of a kind need somebody, as the menu shows it. A kind that is not known has no number. */
export interface Counts {
  credentials?: number;
  dead_letters?: number;
  coverage?: number;
}

/** useCounts reads the numbers that stand in the menu. A failure leaves them out: the pages tell what is wrong. */
export function useCounts(): Counts {
  const { data } = useSession();
  const query = useQuery({
    queryKey: ['overview', 'counts'],
    queryFn: ({ signal }) => call<{ counts?: Counts }>('GET', '/overview', { signal }),
    enabled: !!data?.user,
    refetchInterval: 60_000,
  });
  return query.data?.counts ?? {};
}
