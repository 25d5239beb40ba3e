import { Stack, Text } from '@mantine/core';
import { usePages } from '@/api/pages';
import { count } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty, NoMatch } from '@/parts/empty';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { StatePill } from '@/parts/state-pill';
import { span } from '@/time/time';
import { useNow } from '@/time/use-now';
import { When } from '@/time/when';
import { isOver, lookOfRun, progressOf, titleOfRun, told, type RunView } from './look';

interface Props {
  filter: { flow?: string; kind?: string; state?: string };
  /** Present where the filter is on the page and can be cleared there. */
  onClear?: () => void;
}

/** RunList lists runs, the newest first. */
export function RunList({ filter, onClear }: Props) {
  const query = usePages<RunView>(['runs', 'list', filter], '/runs', { query: { ...filter } }, { refetchInterval: 10_000, limit: 50 });
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Loaded query={query} what="runs">
      {(runs) =>
        runs.length > 0 ? (
          <DataTable caption="Runs" columns={columns} rows={runs} rowKey={(r) => r.id} minWidth={880} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />
        ) : filtered && onClear ? (
          <NoMatch text={`No runs${filter.state ? ` with state ${lookOfRun(filter.state).word}` : ''}${filter.kind ? ` of kind ${filter.kind}` : ''}${filter.flow ? ` of flow ${filter.flow}` : ''}.`} onClear={onClear} />
        ) : (
          <Empty title="No runs yet" text="A mirror's crawl, a backfill and a replay of dead letters are runs. They are listed here with how far they have come." />
        )
      }
    </Loaded>
  );
}

const columns: Column<RunView>[] = [
  { key: 'run', head: 'Run', cell: (r) => <Stack gap={0}><LinkAnchor to="/runs/$id" params={{ id: r.id }} fw={600} size="sm">{titleOfRun(r)}</LinkAnchor><Text size="xs" c="dimmed" className="mono">{r.id}</Text></Stack> },
  { key: 'state', head: 'State', cell: (r) => <Stack gap={0}><StatePill {...lookOfRun(r.state)} />{!isOver(r.state) && <Text size="xs" c="dimmed">{told(progressOf(r))}</Text>}{r.error && <Text size="xs" c="dimmed" lineClamp={2} maw={320}>{r.error}</Text>}</Stack> },
  { key: 'flow', head: 'Flow', cell: (r) => <LinkAnchor to="/flows/$name" params={{ name: r.flow }} size="sm">{r.flow}</LinkAnchor> },
  { key: 'delivered', head: 'Delivered', number: true, cell: (r) => count(r.counts.delivered) },
  { key: 'dead', head: 'Dead letters', number: true, cell: (r) => count(r.counts.dead_letters) },
  { key: 'began', head: 'Began', cell: (r) => <When at={r.created} size="sm" /> },
  { key: 'took', head: 'Took', number: true, cell: (r) => <Took run={r} /> },
];

/** Took is how long a run took, or takes so far. */
export function Took({ run }: { run: Pick<RunView, 'created' | 'finished'> }) {
  const now = useNow(5_000);
  const ms = Math.max(0, (run.finished ? Date.parse(run.finished) : now) - Date.parse(run.created));
  return <>{ms < 1000 ? '< 1 s' : span(ms)}{!run.finished && ' so far'}</>;
}
