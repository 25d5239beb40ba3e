import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Schemas } from '@/api/ask';
import { count, plural, size } from '@/number';
import { Doing } from '@/parts/doing';
import { Numbers } from '@/parts/numbers';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { sentence } from '@/text/sentence';
import { When } from '@/time/when';
import { Retry } from '../flows/retry';
import { Approve } from './approve';
import { Cancel } from './cancel';
import { FirstError } from './first-error';
import { byWhom, isOver, lookOfRun, titleOfRun, type RunView } from './look';
import { Deliveries } from './deliveries';
import { ProgressBar } from './progress-bar';
import { progressQuery, runQuery } from './queries';
import { Took } from './run-list';
import { Steps } from './steps';
import { Windows } from './windows-grid';

const route = getRouteApi('/runs/$id');

/** Run is one run's page: how far it is, what it has done, what it waits for. */
export function Run() {
  const { id } = route.useParams();
  const query = useQuery(runQuery(id, isOver));
  const run = query.data;
  const crumbs = [{ label: 'Runs', to: '/runs' as const }, { label: id }];
  return (
    <Page
      title={run ? titleOfRun(run) : id}
      crumbs={crumbs}
      aside={run && <StatePill {...lookOfRun(run.state)} size="md" />}
      text={run && <Text size="sm">Flow <LinkAnchor to="/flows/$name" params={{ name: run.flow }} size="sm">{run.flow}</LinkAnchor> · began <When at={run.created} show="both" /> by <b>{byWhom(run.begun_by)}</b> · took <Took run={run} /></Text>}
      actions={run && <>{run.progress.failed > 0 && run.state !== 'failed' && <Retry flow={run.flow} failed={run.progress.failed} />}{!isOver(run.state) && <Cancel run={run} />}</>}
    >
      <Loaded query={query} what="the run">{(r) => <Body run={r} />}</Loaded>
    </Page>
  );
}

/** Present says what a run does at this moment, or what it waits for. */
function Present({ progress: p }: { progress: Schemas['FlowProgress'] }) {
  return <Text size="sm" mt={-16}><Doing text={p.trouble ? p.trouble.title || p.trouble.text : p.doing} trouble={p.trouble} live /></Text>;
}

function Body({ run }: { run: RunView }) {
  const c = run.counts;
  const progress = useQuery(progressQuery(run.id, isOver(run.state))).data;
  return (
    <Stack gap="xl">
      {run.state === 'waiting for approval' && <Approve run={run} />}
      {run.state === 'failed' && <FirstError run={run} />}
      {run.state === 'canceled' && run.error && <Text size="sm">{sentence(run.error)} What it delivered stays.</Text>}
      <ProgressBar run={run} />
      {!isOver(run.state) && progress && <Present progress={progress} />}
      <Numbers label="Counts of the run" facts={[
        { name: 'Read', value: count(c.fetched), more: size(c.bytes) },
        { name: 'Delivered', value: count(c.delivered) },
        c.deleted > 0 && { name: 'Deleted', value: count(c.deleted), more: 'of what was delivered' },
        { name: 'Repeats left out', value: count(c.repeats) },
        { name: 'Dropped by rules', value: count(c.dropped) },
        { name: 'Dead letters', value: count(c.dead_letters), more: c.dead_letters > 0 ? <LinkAnchor to="/deadletters" search={{ flow: run.flow }} size="xs">Review</LinkAnchor> : undefined },
        c.lost > 0 && { name: 'Lost', value: plural(c.lost, 'split') },
      ]} />
      {progress && <Steps steps={progress.steps} />}
      {run.kind === 'backfill' && <Windows run={run} />}
      <Deliveries run={run} />
    </Stack>
  );
}
