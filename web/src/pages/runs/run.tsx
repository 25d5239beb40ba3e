import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ask } from '@/api/ask';
import { count, plural, size } from '@/number';
import { Doing } from '@/parts/doing';
import { Numbers } from '@/parts/numbers';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import { Approve } from './approve';
import { Cancel } from './cancel';
import { FirstError } from './first-error';
import { isOver, lookOfRun, titleOfRun, type RunView } from './look';
import { ProgressBar } from './progress-bar';
import { Took } from './run-list';

const route = getRouteApi('/runs/$id');

/** Run is one run's page: how far it is, what it has done, what it waits for. */
export function Run() {
  const { id } = route.useParams();
  const query = useQuery({
    queryKey: ['runs', 'one', id],
    queryFn: ({ signal }) => ask('GET', '/runs/{name}', { path: { name: id }, signal }),
    refetchInterval: (q) => (q.state.data && isOver(q.state.data.state) ? 60_000 : 1_500),
  });
  const run = query.data;
  const crumbs = [{ label: 'Runs', to: '/runs' as const }, { label: id }];
  return (
    <Page
      title={run ? titleOfRun(run) : id}
      crumbs={crumbs}
      aside={run && <StatePill {...lookOfRun(run.state)} size="md" />}
      text={run && <Text size="sm">Flow <LinkAnchor to="/flows/$name" params={{ name: run.flow }} size="sm">{run.flow}</LinkAnchor> · began <When at={run.created} show="both" /> · took <Took run={run} /></Text>}
      actions={run && !isOver(run.state) && <Cancel run={run} />}
    >
      <Loaded query={query} what="the run">{(r) => <Body run={r} />}</Loaded>
    </Page>
  );
}

/** Present says what a run does at this moment, or what it waits for. */
function Present({ id }: { id: string }) {
  const query = useQuery({ queryKey: ['runs', 'progress', id], queryFn: ({ signal }) => ask('GET', '/runs/{name}/progress', { path: { name: id }, signal }), refetchInterval: 1_500 });
  const now = query.data;
  return now ? <Text size="sm" mt={-16}><Doing text={now.trouble ? now.trouble.title || now.trouble.text : now.doing} trouble={now.trouble} live /></Text> : null;
}

function Body({ run }: { run: RunView }) {
  const c = run.counts;
  return (
    <Stack gap="xl">
      {run.state === 'waiting for approval' && <Approve run={run} />}
      {run.state === 'failed' && <FirstError run={run} />}
      {run.state === 'canceled' && run.error && <Text size="sm">{run.error}. What it delivered stays.</Text>}
      <ProgressBar run={run} />
      {!isOver(run.state) && <Present id={run.id} />}
      <Numbers label="Counts of the run" facts={[
        { name: 'Read', value: count(c.fetched), more: size(c.bytes) },
        { name: 'Delivered', value: count(c.delivered) },
        c.deleted > 0 && { name: 'Deleted', value: count(c.deleted) },
        { name: 'Repeats left out', value: count(c.repeats) },
        { name: 'Dropped by rules', value: count(c.dropped) },
        { name: 'Dead letters', value: count(c.dead_letters), more: c.dead_letters > 0 ? <LinkAnchor to="/deadletters" search={{ flow: run.flow }} size="xs">Review</LinkAnchor> : undefined },
        c.lost > 0 && { name: 'Lost', value: plural(c.lost, 'split') },
      ]} />
    </Stack>
  );
}
