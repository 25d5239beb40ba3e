import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Suspense } from 'react';
import { Loaded } from '@/parts/loaded';
import { lazyPart } from '@/parts/lazy';
import { Loading } from '@/parts/loading';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { UrlTabs } from '@/parts/url-tabs';
import { keptBy } from '@/text/owner';
import { Actions } from './actions';
import { Band } from './band';
import { Lag } from './lag';
import { lookOf } from './look';
import { OverviewTab } from './overview-tab';
import type { FlowTab } from './routes';
import { Standing } from './standing';
import { flowQuery, type FlowStatus } from './status';

const DatasetTab = lazyPart(() => import('./dataset-tab'));
const TransformTab = lazyPart(() => import('./transform-tab'));
const RunsTab = lazyPart(() => import('./runs-tab'));
const LettersTab = lazyPart(() => import('./letters-tab'));
const SettingsTab = lazyPart(() => import('./settings-tab'));
const YAMLTab = lazyPart(() => import('./yaml-tab'));

const route = getRouteApi('/flows/$name');

/** Flow is one flow's page: how it stands, what it does, and everything that can be done with it. */
export function Flow() {
  const { name } = route.useParams();
  const query = useQuery(flowQuery(name));
  const crumbs = [{ label: 'Flows', to: '/flows' as const }, { label: name }];
  if (!query.data) return <Page title={name} crumbs={crumbs}><Loaded query={query} what="the flow" rows={6}>{() => null}</Loaded></Page>;
  const flow = query.data;
  return (
    <Page title={flow.name} crumbs={crumbs} aside={<StatePill {...lookOf(flow)} size="md" />} text={<About flow={flow} />} actions={<Actions flow={flow} />}>
      <Loaded query={query} what="the flow">{() => <><Band flow={flow} /><Tabs flow={flow} /></>}</Loaded>
    </Page>
  );
}

function About({ flow }: { flow: FlowStatus }) {
  return (
    <>
      {flow.description && <Text size="sm">{flow.description}</Text>}
      <Group gap="md">
        {flow.mode === 'append' && <Text size="sm">Lag <b><Lag flow={flow} /></b></Text>}
        <Text size="sm" c="dimmed">Kept by {keptBy(flow.owner)}</Text>
      </Group>
      <Standing flow={flow} />
    </>
  );
}

function Tabs({ flow }: { flow: FlowStatus }) {
  const { tab = 'overview' } = route.useSearch();
  const go = route.useNavigate();
  const tabs = [
    { key: 'overview', label: 'Overview' },
    { key: 'dataset', label: 'Data set' },
    { key: 'transform', label: 'Transform' },
    { key: 'runs', label: 'Runs' },
    { key: 'letters', label: 'Dead letters', count: flow.open_dead_letters },
    { key: 'settings', label: 'Settings' },
    { key: 'yaml', label: 'YAML' },
  ] as const;
  return (
    <UrlTabs<FlowTab> tabs={tabs} value={tab} onPick={(t) => void go({ search: { tab: t === 'overview' ? undefined : t } })} label={`Parts of ${flow.name}`}>
      <Suspense fallback={<Loading what="this part" />}><Open tab={tab} flow={flow} /></Suspense>
    </UrlTabs>
  );
}

function Open({ tab, flow }: { tab: FlowTab; flow: FlowStatus }) {
  switch (tab) {
    case 'dataset':
      return <DatasetTab flow={flow} />;
    case 'transform':
      return <TransformTab flow={flow} />;
    case 'runs':
      return <RunsTab flow={flow} />;
    case 'letters':
      return <LettersTab flow={flow} />;
    case 'settings':
      return <SettingsTab flow={flow} key={flow.id} />;
    case 'yaml':
      return <YAMLTab flow={flow} />;
  }
  return <OverviewTab flow={flow} />;
}
