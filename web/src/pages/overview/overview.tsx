import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Spark } from '@/chart/spark';
import { count, plural, size } from '@/number';
import { Block } from '@/parts/block';
import { LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Numbers } from '@/parts/numbers';
import { Page } from '@/parts/page';
import { sentence } from '@/text/sentence';
import { StatePill, type Tone } from '@/parts/state-pill';
import { FlowCharts } from '../flows/charts';
import { FirstSteps } from './first-steps';
import { FlowRows } from './flow-rows';
import { Problems } from './problems';
import { overviewQuery, type OverviewData } from './query';
import { Throttling } from './throttling';

const tones: Record<string, { tone: Tone; word: string }> = {
  ok: { tone: 'ok', word: 'All is well' },
  attention: { tone: 'warn', word: 'Needs attention' },
  trouble: { tone: 'bad', word: 'In trouble' },
  empty: { tone: 'still', word: 'Not set up yet' },
};

/** Overview answers first: is everything whole, fresh and delivered? Then what to do, then the rest. */
export function Overview() {
  const query = useQuery(overviewQuery);
  return (
    <Page title="Overview">
      <Loaded query={query} what="the overview" rows={8}>{(o) => <Whole overview={o} />}</Loaded>
    </Page>
  );
}

function Whole({ overview: o }: { overview: OverviewData }) {
  const look = tones[o.health.state] ?? { tone: 'unknown', word: o.health.state };
  return (
    <Stack gap="xl">
      <div className="panel" style={{ padding: 16 }} role="status">
        <StatePill {...look} size="md" />
        <Text mt={4} style={{ overflowWrap: 'anywhere' }}>{sentence(o.health.text)}</Text>
      </div>
      {o.problems.length > 0 && <Problems problems={o.problems} more={o.more_problems} />}
      {o.health.state === 'empty' ? <FirstSteps numbers={o.numbers} /> : <Standing overview={o} />}
    </Stack>
  );
}

function Standing({ overview: o }: { overview: OverviewData }) {
  return (
    <>
      <Block title="Last 24 hours">
        <Numbers label="The last 24 hours" facts={[
          { name: 'Records read', value: count(o.day.in), more: <Spark values={o.day.read} label="Records read in each of the last 24 hours" /> },
          { name: 'Records delivered', value: count(o.day.out), more: <Spark values={o.day.delivered} label="Records delivered in each of the last 24 hours" /> },
          { name: 'Data', value: size(o.day.bytes) },
          { name: 'Dead letters', value: count(o.day.dead_letters), more: o.day.dead_letters > 0 ? 'refused in this time' : 'nothing refused' },
          { name: 'Lost', value: plural(o.day.lost, 'split'), more: o.day.lost > 0 ? 'the source no longer has them' : 'nothing lost' },
        ]} />
      </Block>
      <Block title="Flows" aside={<LinkButton variant="default" size="xs" to="/flows">All {count(o.numbers.flows)} flows</LinkButton>}><FlowRows flows={o.flows} /></Block>
      <Throttling quotas={o.throttling} />
      <FlowCharts />
    </>
  );
}
