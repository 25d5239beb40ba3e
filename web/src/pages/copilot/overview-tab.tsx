import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { count, percent } from '@/number';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Numbers } from '@/parts/numbers';
import { When } from '@/time/when';
import { actQuery, type Destination, type Wire } from './act';

/** OverviewTab tells what is in the tenant, and what fills it. */
export function OverviewTab({ destination: d }: { destination: Destination }) {
  const wire = useQuery(actQuery<Wire>(d.name, 'connection-show'));
  const quota = useQuery(actQuery<{ itemsRemaining: number }>(d.name, 'quota'));
  const flow = d.used_by[0];
  const fill = useQuery({ queryKey: ['flows', 'one', flow], queryFn: ({ signal }) => ask('GET', '/flows/{name}', { path: { name: flow! }, signal }), enabled: !!flow });
  return (
    <Stack gap="lg">
      <Loaded query={wire} what="the connection in the tenant">
        {(w) => (
          <>
            <div><Text fw={600}>{w.name}</Text><Text size="sm" maw={720}>{w.description}</Text></div>
            <Numbers label="The connection in numbers" facts={[
              { name: 'Items in Copilot', value: w.ingestedItemsCount === undefined ? 'Not told' : count(w.ingestedItemsCount), more: 'as Microsoft counts, up to 15 minutes ago' },
              quota.data && { name: 'Room left', value: count(quota.data.itemsRemaining), more: `${percent(w.ingestedItemsCount ?? 0, (w.ingestedItemsCount ?? 0) + quota.data.itemsRemaining)} used` },
              fill.data && { name: 'Sent', value: count(fill.data.counts.delivered), more: <>last <When at={fill.data.counts.last} none="nothing yet" /></> },
              fill.data && { name: 'Deleted', value: count(fill.data.counts.deleted) },
              fill.data && { name: 'Refused', value: count(fill.data.open_dead_letters), more: fill.data.open_dead_letters > 0 ? <LinkAnchor to="/deadletters" search={{ flow }} size="xs">Review</LinkAnchor> : 'nothing open' },
              { name: 'Owner app', value: <Text span size="xs" className="mono">{w.configuration?.authorizedAppIds?.join(', ') || '–'}</Text> },
            ]} />
          </>
        )}
      </Loaded>
      {flow ? <Text size="sm">Filled by <LinkAnchor to="/flows/$name" params={{ name: flow }} size="sm">{flow}</LinkAnchor>.</Text> : <Text size="sm">No flow fills it yet. <LinkAnchor to="/flows/new" search={{ destination: d.name }} size="sm">New flow</LinkAnchor></Text>}
    </Stack>
  );
}
