import { SegmentedControl, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { Chart } from '@/chart/chart';
import { short } from '@/number';
import { Block } from '@/parts/block';
import { Loaded } from '@/parts/loaded';
import { span } from '@/time/time';
import { chartOf, requestsOf } from './activity';

const hour = 3_600_000;
const ranges = { '3h': 3, '24h': 24, '7d': 168 } as const;
type Range = keyof typeof ranges;

const seconds = (v: number) => span(v * 1000);

/** FlowCharts are a flow's numbers over time, by stream: events, lag, refusals, and the requests to remotes. */
export function FlowCharts({ flow }: { flow: string }) {
  const [range, set] = useState<Range>('24h');
  const query = useQuery({
    queryKey: ['activity', flow, range],
    queryFn: ({ signal }) => ask('GET', '/activity', { query: { flow: [flow], from: new Date(Date.now() - ranges[range] * hour).toISOString() }, signal }),
    refetchInterval: 30_000,
    placeholderData: (old) => old,
  });
  return (
    <Block title="Over time" aside={<SegmentedControl size="xs" aria-label="How far back" value={range} onChange={(v) => set(v as Range)} data={[{ value: '3h', label: '3 hours' }, { value: '24h', label: '24 hours' }, { value: '7d', label: '7 days' }]} />}>
      <Loaded query={query} what="the activity" rows={4}>
        {(a) =>
          a.series.length === 0 ? (
            <Text size="sm">Nothing went through in this time.</Text>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
              <Chart title="Records delivered" data={chartOf(a, (p) => p.delivered, 'zero')} format={short} />
              <Chart title="Lag: age of a record when it was delivered" data={chartOf(a, (p) => (p.lag_known ? p.lag_high_seconds : undefined), 'gap')} format={seconds} />
              <Chart title="Dead letters" data={chartOf(a, (p) => p.dead_letters, 'zero')} format={short} />
              <Chart title="Requests to Microsoft" data={requestsOf(a)} format={short} />
            </SimpleGrid>
          )
        }
      </Loaded>
    </Block>
  );
}
