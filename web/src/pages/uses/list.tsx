import { Anchor, Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '@/api/session';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty, NoMatch } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import { useUses, type Use } from '@/use/api';
import { words, type Kind } from '@/use/kind';
import { stateOf } from '@/use/state';

/** UseList lists sources, or destinations. */
export function UseList({ kind, q }: { kind: Kind; q?: string }) {
  const query = useUses(kind, q);
  const go = useNavigate();
  const filter = (text?: string) => void go({ to: kind === 'source' ? '/sources' : '/destinations', search: { q: text || undefined }, replace: true });
  return (
    <Page title={words[kind].title} text={words[kind].what} actions={<NewButton kind={kind} />}>
      <TextInput data-filter aria-label={`Filter ${words[kind].plural}`} placeholder="Filter by name or description" leftSection={<IconSearch size={16} aria-hidden />} defaultValue={q} onChange={(e) => filter(e.currentTarget.value)} maw={360} />
      <Loaded query={query} what={words[kind].plural}>
        {(all) => {
          if (all.length === 0 && q) return <NoMatch text={`Nothing has “${q}” in its name or description.`} onClear={() => filter()} />;
          if (all.length === 0) return <Empty title={words[kind].none} text={words[kind].what}><NewButton kind={kind} /></Empty>;
          return <DataTable caption={words[kind].title} columns={columns(kind)} rows={all} rowKey={(u) => u.id} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />;
        }}
      </Loaded>
    </Page>
  );
}

function NewButton({ kind }: { kind: Kind }) {
  const may = useMay('operator');
  return may ? <Button component={Link} {...({ to: kind === 'source' ? '/sources/new' : '/destinations/new' } as object)}>New {kind}</Button> : null;
}

const columns = (kind: Kind): Column<Use>[] => [
  { key: 'name', head: 'Name', cell: (u) => <Anchor component={Link} fw={600} size="sm" {...({ to: kind === 'source' ? '/sources/$name' : '/destinations/$name', params: { name: u.name } } as object)}>{u.name}</Anchor> },
  { key: 'state', head: 'State', cell: (u) => <StatePill {...stateOf(u)} /> },
  { key: 'connector', head: 'Connector', cell: (u) => u.connector },
  { key: 'credential', head: 'Credential', cell: (u) => u.credential && <Anchor component={Link} size="sm" {...({ to: '/credentials/$name', params: { name: u.credential } } as object)}>{u.credential}</Anchor> },
  { key: 'flows', head: 'Flows', number: true, cell: (u) => u.used_by.length },
  { key: 'changed', head: 'Changed', cell: (u) => <When at={u.updated} /> },
];
