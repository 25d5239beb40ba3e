import { QueryClient } from '@tanstack/react-query';
import { ProblemError } from './problem';

/** Classes of errors that asking again can mend. */
const passing = new Set(['unavailable', 'throttled']);

/** makeClient makes the cache of what was read. Old data stays when it can't be renewed; changes are never repeated by themselves. */
export function makeClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => count < 2 && error instanceof ProblemError && passing.has(error.problem.class),
        retryDelay: (count) => 1_000 * 2 ** count,
        // A server that does not answer is asked by the query's own interval and by the stream of events, also when
        // the browser believes to be offline: loopback is always there.
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}
