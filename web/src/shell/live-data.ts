import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { events } from '@/api/events';
import { kinds, touches, type Told } from './look';

/** How long changes are gathered before the page looks again. */
const pace = 1_000;

/**
 * useLiveData keeps the stream of events open while the shell is there. When it comes back after a break, everything on
 * the page is asked for again, since events may have been missed. What an event is about is asked for again at most once a second.
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
    let gathered: Told[] = [];
    const look = (told: Told) => {
      gathered.push(told);
      due ??= setTimeout(() => {
        const all = gathered;
        due = undefined;
        gathered = [];
        void client.invalidateQueries({ predicate: (q) => all.some((t) => touches(t, q.queryKey)) });
      }, pace);
    };
    const off = kinds.map((kind) => events.on(kind, (data) => look({ ...(data as object), kind })));
    const close = events.open();
    return () => {
      clearTimeout(due);
      off.forEach((end) => end());
      unwatch();
      close();
    };
  }, [client]);
}
