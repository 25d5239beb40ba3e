import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core';
import { IconDots, IconDownload, IconHistory, IconPlayerPause, IconPlayerPlay, IconRefresh, IconTrash } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { LinkAnchor } from '@/parts/link';
import { ProblemNotice } from '@/parts/problem-notice';
import { Backfill } from './backfill';
import { Crawl } from './crawl';
import { RemoveFlow } from './remove';
import { flowKeys, type FlowStatus } from './status';

const route = getRouteApi('/flows/$name');

/** Actions are what can be done with a flow; what was done is said beside them, with its undoing. */
export function Actions({ flow }: { flow: FlowStatus }) {
  const search = route.useSearch();
  const go = route.useNavigate();
  const may = useMay('operator');
  const [crawling, setCrawling] = useState(false);
  const work = useWork(flow);
  const dialog = (open?: 'backfill' | 'remove') => void go({ search: { ...search, do: open, from: undefined, to: undefined }, replace: true });
  if (!may) return <Text size="sm" c="dimmed">Your role is Viewer. Changing flows needs Operator.</Text>;
  return (
    <>
      <Group gap="xs">
        {flow.paused ? (
          <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={() => work.resume.mutate()} loading={work.resume.isPending}>Resume</Button>
        ) : (
          <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={() => work.pause.mutate()} loading={work.pause.isPending}>Pause</Button>
        )}
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} disabled={flow.paused} onClick={() => (flow.mode === 'mirror' ? setCrawling(true) : work.run.mutate())} loading={work.run.isPending}>
          {flow.mode === 'mirror' ? 'Run now…' : 'Run now'}
        </Button>
        {flow.mode === 'append' && <Button variant="default" leftSection={<IconHistory size={16} aria-hidden />} onClick={() => dialog('backfill')}>Backfill…</Button>}
        <Menu position="bottom-end" width={220}>
          <Menu.Target><ActionIcon size={36} variant="default" aria-label="More actions"><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={() => void go({ search: { tab: 'yaml' } })}>Show as YAML</Menu.Item>
            <Menu.Item color="var(--hr-error)" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => dialog('remove')}>Remove…</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      <Done flow={flow} work={work} />
      <Backfill flow={flow.name} opened={search.do === 'backfill'} from={search.from} to={search.to} onClose={() => dialog()} />
      <RemoveFlow flow={flow} opened={search.do === 'remove'} onClose={() => dialog()} />
      <Crawl flow={flow.name} opened={crawling} onClose={() => setCrawling(false)} />
    </>
  );
}

/** Done says what the last press did. It lies under the buttons, on a line of its own. */
function Done({ flow, work }: { flow: FlowStatus; work: ReturnType<typeof useWork> }) {
  const failed = work.pause.error ?? work.resume.error ?? work.run.error;
  return (
    <div style={{ flexBasis: '100%' }}>
      {failed ? <ProblemNotice error={failed} /> : (
        <Text size="sm" role="status" ta="right">
          {flow.paused && work.pause.isSuccess && <>Flow paused. <Button variant="subtle" size="compact-sm" onClick={() => work.resume.mutate()}>Undo</Button></>}
          {!flow.paused && work.resume.isSuccess && 'Flow goes on.'}
          {work.run.isSuccess && !flow.paused && <>Looking for new content now. {work.run.data?.crawl && <LinkAnchor to="/runs/$id" params={{ id: work.run.data.crawl.id }}>See the run</LinkAnchor>}</>}
        </Text>
      )}
    </div>
  );
}

function useWork(flow: FlowStatus) {
  const path = { name: flow.name };
  const pause = useChange(() => ask('POST', '/flows/{name}/pause', { path, body: {} }), { stale: flowKeys, onDone: () => resume.reset() });
  const resume = useChange(() => ask('POST', '/flows/{name}/resume', { path }), { stale: flowKeys, onDone: () => pause.reset() });
  const run = useChange(() => ask('POST', '/flows/{name}/run', { path, body: {} }), { stale: flowKeys });
  return { pause, resume, run };
}
