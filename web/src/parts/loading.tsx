import { Skeleton, Stack, Text, VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';

/** How long nothing is shown, so that a quick answer does not flicker; and after how long we say what is awaited. */
const quiet = 200;
const long = 10_000;

/** Loading holds the place of what is awaited. `what` is a plural or a name: "credentials", "Microsoft Graph". */
export function Loading({ what, rows = 4, height = 44 }: { what: string; rows?: number; height?: number }) {
  const seconds = useSeconds();
  if (seconds * 1000 < quiet) return <div aria-busy="true" style={{ minHeight: rows * (height + 8) }} />;
  return (
    <Stack gap={8} aria-busy="true">
      <VisuallyHidden role="status">Loading {what}…</VisuallyHidden>
      {seconds * 1000 >= long && <Text size="sm" role="status">Still waiting for {what} ({Math.floor(seconds)} s)…</Text>}
      {Array.from({ length: rows }, (_, i) => <Skeleton key={i} height={height} radius="md" />)}
    </Stack>
  );
}

/** useSeconds counts how long the component has been there: 0, then a quarter, then whole seconds. */
function useSeconds(): number {
  const [seconds, set] = useState(0);
  useEffect(() => {
    const start = Date.now();
    const tell = () => set((Date.now() - start) / 1000);
    const soon = setTimeout(tell, quiet + 50);
    const timer = setInterval(tell, 1000);
    return () => {
      clearTimeout(soon);
      clearInterval(timer);
    };
  }, []);
  return seconds;
}
