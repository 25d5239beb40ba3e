import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { events } from '@/api/events';
import { sessionKey } from '@/api/session';

// What people or the work of headrace have changed; the progress of flows, which is told each second, pages ask for at their own pace.
const changes = ['credential', 'source', 'destination', 'flow', 'run', 'letters', 'reset'];

/**
 * useLiveData keeps the stream of events open while the shell is there. When it comes back after a break, everything on
 * the page is asked for again, since events may have been missed. Each change has the page look again, at most once a second.
 */
export function useLiveData(): void {
  const client = useQueryClient();
  useEffect(() => {
    let broken = false;
    const unwatch = events.watch(() => {
      const { state } = events.connection();
      if (state === 'live' && broken) void client.invalidateQueries();
      broken = state === 'reconnecting';
    });
    let due: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      due ??= setTimeout(() => {
        due = undefined;
        void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== sessionKey[0] });
      }, 1_000);
    };
    const off = changes.map((kind) => events.on(kind, look));
    const close = events.open();
    return () => {
      clearTimeout(due);
      off.forEach((end) => end());
      unwatch();
      close();
    };
  }, [client]);
}
