import { useQuery } from '@tanstack/react-query';
import { useSession } from '@/api/session';
import { overviewQuery, type OverviewData } from '@/pages/overview/query';

/** How many things of a kind need somebody, as the menu shows it. A kind that is not known has no number. */
export interface Counts {
  credentials?: number;
  dead_letters?: number;
  coverage?: number;
}

/** useCounts gives the numbers that stand in the menu. A failure leaves them out: the pages tell what is wrong. */
export function useCounts(): Counts {
  const { data } = useSession();
  const query = useQuery({ ...overviewQuery, enabled: !!data?.user, refetchInterval: 60_000 });
  return query.data ? countsOf(query.data) : {};
}

/** countsOf counts what the problems of an overview are about. */
export function countsOf({ problems }: Pick<OverviewData, 'problems'>): Counts {
  const open = problems.filter((p) => p.severity !== 'notice');
  return {
    credentials: open.filter((p) => p.kind === 'credential').length,
    dead_letters: open.filter((p) => p.code === 'dead_letters').reduce((n, p) => n + (p.count ?? 0), 0),
    coverage: open.filter((p) => p.code === 'coverage_missing').reduce((n, p) => n + (p.count ?? 0), 0),
  };
}
