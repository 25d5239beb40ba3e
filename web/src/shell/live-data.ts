import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { events } from '@/api/events';

/**
 * useLiveData keeps the stream of events open while the shell is there. When it comes back after a break, everything on
 * the page is asked for again, since events may have been missed. Pages take single kinds of events by useEvents.
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
    const close = events.open();
    return () => {
      unwatch();
      close();
    };
  }, [client]);
}
