import { Alert, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { paced } from '@/api/events';
import { count, percent } from '@/number';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Numbers } from '@/parts/numbers';
import { When } from '@/time/when';
import { Standing } from '../flows/standing';
import { specOf } from '../flows/status';
import { Approve } from '../runs/approve';
import { lookOfRun } from '../runs/look';
import { actQuery, provisions, useFillingFlow, wireQuery, type Destination } from './act';
import { driftOf } from './drift';

/** OverviewTab tells what is in the tenant, and what fills it. */
export function OverviewTab({ destination: d }: { destination: Destination }) {
  const wire = useQuery(wireQuery(d.name));
  const quota = useQuery(actQuery<{ itemsRemaining: number }>(d.name, 'quota'));
  const flow = d.used_by[0];
  const fill = useFillingFlow(d);
  const crawls = useQuery({ queryKey: ['runs', 'list', { flow, kind: 'crawl' }, 'crawls'], queryFn: ({ signal }) => ask('GET', '/runs', { query: { flow, kind: 'crawl', limit: 50 }, signal }), enabled: !!flow, refetchInterval: paced(10_000) });
  const last = crawls.data?.items[0];
  const drift = driftOf(crawls.data?.items ?? [], fill.data && specOf(fill.data).deletes);
  const full = crawls.data?.items.find((r) => r.all && r.finished && r.state.startsWith('succeeded'));
  return (
    <Stack gap="lg">
      <Loaded query={wire} what="the connection in the tenant">
        {(w) => (
          <>
            {provisions(fill.data) && <Alert color="blue" variant="outline" py="xs" title="Microsoft provisions the schema" styles={{ title: { color: 'var(--mantine-color-text)' } }}><Text size="sm">It usually takes 5 to 15 minutes. Items wait and none has failed; they are sent by themselves when it is done.</Text></Alert>}
            <div><Text fw={600}>{w.name}</Text><Text size="sm" maw={720}>{w.description}</Text></div>
            <Numbers label="The connection in numbers" facts={[
              { name: 'Items in Copilot', value: w.ingestedItemsCount === undefined ? 'Not told' : count(w.ingestedItemsCount), more: 'as Microsoft counts, up to 15 minutes ago' },
              quota.data && { name: 'Room left', value: count(quota.data.itemsRemaining), more: `${percent(w.ingestedItemsCount ?? 0, (w.ingestedItemsCount ?? 0) + quota.data.itemsRemaining)} used` },
              fill.data && { name: 'Sent', value: count(fill.data.counts.delivered - fill.data.counts.deleted), more: <>last <When at={fill.data.counts.last} none="nothing yet" /></> },
              fill.data && { name: 'Deleted', value: count(fill.data.counts.deleted) },
              !!flow && { name: 'Last full crawl', value: full ? <When at={full.finished} /> : crawls.isPending ? '…' : 'None yet', more: last && <>last of all: <LinkAnchor to="/runs/$id" params={{ id: last.id }} size="xs">{lookOfRun(last.state).word}</LinkAnchor> <When at={last.finished ?? last.created} size="xs" /></> },
              !!flow && { name: 'No longer in the source', value: drift ? count(drift.items) : crawls.isPending ? '…' : 'Not known', more: drift ? <>{drift.reason && `${drift.reason}, `}as of <LinkAnchor to="/runs/$id" params={{ id: drift.run.id }} size="xs">crawl {drift.run.number}</LinkAnchor> <When at={drift.run.finished ?? drift.run.created} size="xs" /></> : 'no crawl was whole yet' },
              fill.data && { name: 'Refused', value: count(fill.data.open_dead_letters), more: fill.data.open_dead_letters > 0 ? <LinkAnchor to="/deadletters" search={{ flow }} size="xs">Review</LinkAnchor> : 'nothing open' },
              { name: 'Owner app', value: <Text span size="xs" className="mono">{w.configuration?.authorizedAppIds?.join(', ') || '–'}</Text> },
            ]} />
          </>
        )}
      </Loaded>
      {last?.state === 'waiting for approval' && <Approve run={last} />}
      {flow ? <div><Text size="sm">Filled by <LinkAnchor to="/flows/$name" params={{ name: flow }} size="sm">{flow}</LinkAnchor>.</Text>{fill.data && !provisions(fill.data) && <Standing flow={fill.data} />}</div> : <Text size="sm">No flow fills it yet. <LinkAnchor to="/flows/new" search={{ destination: d.name }} size="sm">New flow</LinkAnchor></Text>}
    </Stack>
  );
}
