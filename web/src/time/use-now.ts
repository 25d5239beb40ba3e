import { useEffect, useState } from 'react';

/** useNow gives the present in milliseconds, and again every `every` milliseconds. */
export function useNow(every = 30_000): number {
  const [now, set] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
