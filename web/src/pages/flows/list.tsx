import { Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import { usePages } from '@/api/pages';
import { useMay } from '@/api/session';
import { count } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Doing } from '@/parts/doing';
import { Empty, NoMatch } from '@/parts/empty';
import { LinkAnchor, LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import { Lag } from './lag';
import { lookOf, type FlowView } from './look';

const route = getRouteApi('/flows');

/** Flows lists what leads from where to where, and how it stands. */
export function Flows() {
  const { q } = route.useSearch();
  const go = route.useNavigate();
  const may = useMay('operator');
  const query = usePages<FlowView>(['flows', 'list', q], '/flows', { query: { q } }, { refetchInterval: 10_000 });
  const filter = useDebouncedCallback((text: string) => void go({ search: { q: text || undefined }, replace: true }), 250);
  return (
    <Page title="Flows" text="A flow leads what a source reads through a transform to a destination." actions={may && <LinkButton to="/flows/new">New flow</LinkButton>}>
      <TextInput data-filter type="search" aria-label="Filter flows by name or description" placeholder="Filter by name or description" defaultValue={q} onChange={(e) => filter(e.currentTarget.value)} maw={360} />
      <Loaded query={query} what="flows">
        {(flows) =>
          flows.length > 0 ? (
            <DataTable caption="Flows" columns={columns} rows={flows} rowKey={(f) => f.id} minWidth={900} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />
          ) : q ? (
            <NoMatch text={`No flow has “${q}” in its name or description.`} onClear={() => void go({ search: {} })} />
          ) : (
            <Empty title="No flows yet" text="A flow joins a source and a destination. Make those first; then the flow delivers everything that the source still has, and goes on.">
              {may && <LinkButton to="/flows/new">New flow</LinkButton>}
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}

const columns: Column<FlowView>[] = [
  {
    key: 'name',
    head: 'Name',
    cell: (f) => (
      <Stack gap={0} maw={340}>
        <LinkAnchor to="/flows/$name" params={{ name: f.name }} fw={600} size="sm">{f.name}</LinkAnchor>
        {f.description && <Text size="xs" c="dimmed" lineClamp={2}>{f.description}</Text>}
      </Stack>
    ),
  },
  {
    key: 'state',
    head: 'State',
    cell: (f) => (
      <Stack gap={0} maw={300}>
        <StatePill {...lookOf(f)} />
        {(f.doing || f.reason) && <Text size="xs" c="dimmed" lineClamp={2}><Doing text={f.doing || f.reason!} trouble={f.trouble} /></Text>}
      </Stack>
    ),
  },
  { key: 'route', head: 'Route', cell: (f) => <Text size="sm">{f.source} → {f.destination}<Text span size="xs" c="dimmed"> · {f.mode}</Text></Text> },
  { key: 'delivered', head: 'Delivered', number: true, cell: (f) => count(f.counts.delivered) },
  { key: 'letters', head: 'Dead letters', number: true, cell: (f) => (f.open_dead_letters > 0 ? <LinkAnchor to="/deadletters" search={{ flow: f.name }} size="sm">{count(f.open_dead_letters)}</LinkAnchor> : '0') },
  { key: 'lag', head: 'Lag', number: true, cell: (f) => <Lag flow={f} /> },
  { key: 'last', head: 'Last delivery', cell: (f) => <When at={f.counts.last} size="sm" none="None yet" /> },
];
