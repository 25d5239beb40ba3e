import { queryOptions } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';

export type OverviewData = Schemas['Overview'];

/** overviewQuery reads how everything stands. The menu's counts come of the same answer. */
export const overviewQuery = queryOptions({ queryKey: ['overview'], queryFn: ({ signal }) => ask('GET', '/overview', { signal }), refetchInterval: 10_000 });
