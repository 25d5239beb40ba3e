import { Text, Tooltip } from '@mantine/core';
import { span } from '@/time/time';
import type { FlowView } from './look';

/** Lag is how old the newest delivered record is. A mirror has none: it is as fresh as its last crawl. */
export function Lag({ flow }: { flow: Pick<FlowView, 'mode' | 'lag_seconds' | 'counts'> }) {
  if (flow.mode === 'mirror' || !flow.counts.newest) return <Text span inherit>–</Text>;
  return (
    <Tooltip label="Age of the newest record that was delivered. Microsoft publishes most records 60 to 90 minutes after they happened.">
      <Text span inherit>{span((flow.lag_seconds ?? 0) * 1000)}</Text>
    </Tooltip>
  );
}
