import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { usePages } from '@/api/pages';
import { problemOf } from '@/api/problem';
import { useMay } from '@/api/session';
import { count } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty } from '@/parts/empty';
import { LinkAnchor, LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { actQuery, connectionOf, connector, lookOfConnection, type Destination, type Wire } from './act';

/** Connections lists the connections of Microsoft 365 Copilot that are filled from here. */
export function Connections() {
  const query = usePages<Destination>(['destinations', 'copilot'], '/destinations', { query: { connector } });
  const may = useMay('operator');
  return (
    <Page title="Copilot connections" text="What is filled from here into Microsoft 365 Copilot, and how it stands in the tenant.">
      <Loaded query={query} what="connections">
        {(all) =>
          all.length > 0 ? (
            <DataTable caption="Copilot connections" columns={columns} rows={all} rowKey={(d) => d.id} minWidth={760} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />
          ) : (
            <Empty title="No connections yet" text="A destination of Microsoft 365 Copilot makes a connection in your tenant, registers its schema, and a mirror flow keeps its items in step with their source.">
              {may && <LinkButton to="/destinations/new">New destination</LinkButton>}
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}

const columns: Column<Destination>[] = [
  { key: 'name', head: 'Name', cell: (d) => <Stack gap={0}><LinkAnchor to="/copilot/$name" params={{ name: d.name }} fw={600} size="sm">{d.name}</LinkAnchor>{d.description && <Text size="xs" c="dimmed">{d.description}</Text>}</Stack> },
  { key: 'state', head: 'State in the tenant', cell: (d) => <InTenant name={d.name} of="state" /> },
  { key: 'id', head: 'Connection ID', cell: (d) => <span className="mono">{connectionOf(d)}</span> },
  { key: 'items', head: 'Items', number: true, cell: (d) => <InTenant name={d.name} of="items" /> },
  { key: 'flow', head: 'Filled by', cell: (d) => d.used_by.map((f) => <LinkAnchor key={f} to="/flows/$name" params={{ name: f }} size="sm">{f}</LinkAnchor>) },
];

function InTenant({ name, of }: { name: string; of: 'state' | 'items' }) {
  const query = useQuery(actQuery<Wire>(name, 'connection-show'));
  if (of === 'items') return <>{query.data?.ingestedItemsCount === undefined ? '–' : count(query.data.ingestedItemsCount)}</>;
  if (query.isPending) return <Text size="sm" c="dimmed">Asking Microsoft…</Text>;
  if (query.isError) return <StatePill tone="warn" word={problemOf(query.error).title} />;
  return <StatePill {...lookOfConnection(query.data.state)} />;
}
