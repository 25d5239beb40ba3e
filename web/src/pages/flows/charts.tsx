import { SegmentedControl, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { Chart } from '@/chart/chart';
import { short } from '@/number';
import { Block } from '@/parts/block';
import { Loaded } from '@/parts/loaded';
import { span } from '@/time/time';
import { allowedIn, chartOf, requestsOf } from './activity';

const hour = 3_600_000;
const ranges = { '3h': 3, '24h': 24, '7d': 168 } as const;
type Range = keyof typeof ranges;

const seconds = (v: number) => span(v * 1000);

/** FlowCharts are numbers over time: records, lag, latency, refusals, and the requests to remotes. Of a flow by stream; without one, of all together. */
export function FlowCharts({ flow }: { flow?: string }) {
  const [range, set] = useState<Range>('24h');
  const query = useQuery({
    queryKey: ['activity', flow ?? '', range],
    queryFn: ({ signal }) => ask('GET', '/activity', { query: { flow: flow ? [flow] : undefined, from: new Date(Date.now() - ranges[range] * hour).toISOString() }, signal }),
    refetchInterval: 30_000,
    placeholderData: (old) => old,
  });
  return (
    <Block title="Over time" aside={<SegmentedControl size="xs" aria-label="How far back" value={range} onChange={(v) => set(v as Range)} data={[{ value: '3h', label: '3 hours' }, { value: '24h', label: '24 hours' }, { value: '7d', label: '7 days' }]} />}>
      <Loaded query={query} what="the activity" rows={4}>
        {(a) =>
          a.series.length === 0 && a.requests.length === 0 ? (
            <Text size="sm">Nothing went through in this time.</Text>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
              <Chart title="Records delivered" data={chartOf(a, (p) => p.delivered, 'zero')} format={short} />
              <div>
                <Chart title="Lag: age of a record when it was delivered" data={chartOf(a, (p) => (p.lag_known ? p.lag_high_seconds ?? 0 : undefined), 'gap')} format={seconds} spans />
                <Usual series={a.series} />
              </div>
              <Chart title="Delivery: 95 % of records within" data={chartOf(a, (p) => p.latency_p95_seconds, 'gap')} format={seconds} spans />
              <Chart title="Delivery: half of the records within" data={chartOf(a, (p) => p.latency_p50_seconds, 'gap')} format={seconds} spans />
              <Chart title="Dead letters" data={chartOf(a, (p) => p.dead_letters, 'zero')} format={short} />
              <Chart title={limit(a)} data={requestsOf(a)} format={short} />
            </SimpleGrid>
          )
        }
      </Loaded>
    </Block>
  );
}

/** Usual says between what the lag was nine of ten hours of the last week, where there was a day's worth to learn from. */
function Usual({ series }: { series: Schemas['OverviewSeries'][] }) {
  const known = series.filter((s) => s.lag?.normal_known);
  if (known.length === 0) return null;
  return <Text size="xs" c="dimmed" mt={4}>Usual: {known.map((s) => `${s.stream || 'all'} ${seconds(s.lag!.normal_low_seconds)} – ${seconds(s.lag!.normal_high_seconds)}`).join(', ')}</Text>;
}

/** limit names the chart of requests, with what is allowed in a slot where that is known. */
function limit(a: Schemas['OverviewActivity']): string {
  const allowed = allowedIn(a);
  return allowed > 0 ? `Requests to Microsoft, ${short(allowed)} allowed ${a.slot_minutes === 60 ? 'an hour' : 'a minute'}` : 'Requests to Microsoft';
}
