import { Alert, Stack } from '@mantine/core';
import { IconClockExclamation } from '@tabler/icons-react';
import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '@/api/problem';
import { usePreference } from '@/prefs/preference';
import { clockTime } from '@/time/time';
import { Loading } from './loading';
import { ProblemNotice } from './problem-notice';
import { sentence } from '@/text/sentence';

type Query<T> = Pick<UseQueryResult<T> | UseInfiniteQueryResult<T>, 'data' | 'error' | 'isError' | 'isFetching' | 'dataUpdatedAt' | 'refetch'>;

interface Props<T> {
  query: Query<T>;
  /** What is loaded, as it stands in a sentence: "credentials", "the source". */
  what: string;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** Loaded shows a query in each of its states: awaited, failed, old with the reason, there. */
export function Loaded<T>({ query, what, rows, children }: Props<T>) {
  if (query.data === undefined) {
    if (!query.isError) return <Loading what={what} rows={rows} />;
    return <ProblemNotice error={query.error} what={`${sentence(what).slice(0, -1)} could not be loaded.`} onRetry={() => void query.refetch()} retrying={query.isFetching} />;
  }
  return (
    <Stack gap="md">
      {query.isError && <Stale at={query.dataUpdatedAt} error={query.error} />}
      {children(query.data)}
    </Stack>
  );
}

/** Stale marks data that could not be renewed. It stays, as of its time. */
function Stale({ at, error }: { at: number; error: unknown }) {
  const [clock] = usePreference('clock');
  return (
    <Alert color="yellow" variant="outline" role="status" py="xs" icon={<IconClockExclamation aria-hidden />}>
      Shown as of {clockTime(at, clock)}. {sentence(problemOf(error).title)} Trying again…
    </Alert>
  );
}
