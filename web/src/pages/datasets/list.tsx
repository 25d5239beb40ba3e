import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { count } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty, NoMatch } from '@/parts/empty';
import { LinkAnchor, LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { When } from '@/time/when';
import { useDatasets, type Dataset } from './api';

const about = 'What the records of each source look like: the last ones, the fields they have, and what changed.';

/** Datasets lists what sources yield. */
export function Datasets() {
  const { q } = useSearch({ from: '/datasets' });
  const query = useDatasets(q);
  const go = useNavigate({ from: '/datasets' });
  const filter = (text?: string) => void go({ search: { q: text || undefined }, replace: true });
  return (
    <Page title="Data sets" text={about}>
      <TextInput data-filter aria-label="Filter data sets" placeholder="Filter by name or description" leftSection={<IconSearch size={16} aria-hidden />} defaultValue={q} onChange={(e) => filter(e.currentTarget.value)} maw={360} />
      <Loaded query={query} what="data sets">
        {(all) => {
          if (all.length === 0 && q) return <NoMatch text={`No data set has “${q}” in its name or description.`} onClear={() => filter()} />;
          if (all.length === 0) return <Empty title="No data sets yet" text="Each source has one. It fills while a flow delivers what the source yields."><LinkButton to="/sources/new">New source</LinkButton></Empty>;
          return <DataTable caption="Data sets" columns={columns} rows={all} rowKey={(d) => d.id} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />;
        }}
      </Loaded>
    </Page>
  );
}

const columns: Column<Dataset>[] = [
  { key: 'name', head: 'Name', cell: (d) => <LinkAnchor to="/datasets/$name" params={{ name: d.name }} fw={600} size="sm">{d.name}</LinkAnchor> },
  { key: 'connector', head: 'Connector', cell: (d) => d.connector },
  { key: 'streams', head: 'Streams', number: true, cell: (d) => count(d.streams.length) },
  { key: 'records', head: 'Looked at', number: true, cell: (d) => count(d.records) },
  { key: 'last', head: 'Newest record', cell: (d) => <When at={d.last} none="none yet" /> },
  { key: 'changes', head: 'Changes in 7 days', number: true, cell: (d) => count(d.changes) },
  { key: 'flows', head: 'Flows', number: true, cell: (d) => count(d.uses) },
];
