import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { HourGrid, Signs } from '@/hours/grid';
import { count } from '@/number';
import { Empty } from '@/parts/empty';
import { LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { NamePick } from '@/parts/name-pick';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { download } from '@/record/download';
import { span } from '@/time/time';
import { useNow } from '@/time/use-now';
import { Backfill } from '../flows/backfill';
import { csv, recoverable, rowsOf, states, verdict, type Cell, type Row } from './cells';
import { Detail } from './detail';
import { Fill } from './fill';
import { ranges, type CoverageSearch, type Range } from './routes';

const route = getRouteApi('/coverage');
const hour = 3_600_000;
const days: Record<Range, number> = { '1d': 1, '3d': 3, '7d': 7 };

/** Coverage shows hour by hour what was collected, what is missing, and what is lost. */
export function Coverage() {
  const search = route.useSearch();
  const go = route.useNavigate();
  const now = useNow(60_000);
  const range = search.range ?? '3d';
  const to = Math.ceil(now / hour) * hour;
  const from = to - days[range] * 24 * hour;
  const query = useInfiniteQuery({
    queryKey: ['coverage', search.flow, search.source, from, to],
    queryFn: ({ pageParam, signal }) => ask('GET', '/coverage', { query: { flow: search.flow, source: search.source, from: new Date(from).toISOString(), to: new Date(to).toISOString(), after: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    select: ({ pages }) => ({ cells: pages.flatMap((p) => p.cells), gaps: pages.flatMap((p) => p.gaps) }),
    refetchInterval: 30_000,
    placeholderData: (old) => old,
  });
  const set = (change: CoverageSearch) => void go({ search: { ...search, ...change }, replace: true });
  const rows = query.data ? rowsOf(query.data.cells, query.data.gaps, from, to, now) : [];
  return (
    <Page title="Coverage" text="Hour by hour, in UTC, what Microsoft published and what of it was delivered. Microsoft usually publishes within 60 to 90 minutes and keeps 7 days."
      actions={rows.length > 0 && <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => download(`coverage-${new Date(now).toISOString().slice(0, 10)}.csv`, csv(rows), 'text/csv')}>Export CSV</Button>}>
      <Group gap="sm" align="flex-end" className="no-print">
        <NamePick kind="flows" among={appending} data-filter label="Flow" placeholder="All flows" clearable value={search.flow ?? null} onChange={(flow) => set({ flow: flow ?? undefined, source: undefined, row: undefined, hour: undefined })} w={260} />
        <SegmentedControl aria-label="How far back" value={range} onChange={(v) => set({ range: v as Range, row: undefined, hour: undefined })} data={ranges.map((r) => ({ value: r, label: days[r] === 1 ? '24 hours' : `${days[r]} days` }))} />
        {search.source && <Button variant="default" onClick={() => set({ source: undefined })}>Only source {search.source}: show all</Button>}
      </Group>
      <Loaded query={query} what="the coverage" rows={6}>
        {() => (rows.length > 0 ? <Known rows={rows} search={search} set={set} now={now} /> : <Empty title="Nothing was listed in this time" text="A source lists its content types when a flow reads it. Coverage is of sources that have hours: the audit feed has, a folder of files has not."><LinkButton to="/flows">Open flows</LinkButton></Empty>)}
      </Loaded>
      {query.hasNextPage && <Group><Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more sources</Button></Group>}
    </Page>
  );
}

function Known({ rows, search, set, now }: { rows: Row[]; search: CoverageSearch; set: (change: CoverageSearch) => void; now: number }) {
  const [fill, setFill] = useState<{ flow: string; from: number; to: number } | null>(null);
  const said = verdict(rows);
  const row = rows.find((r) => r.key === search.row);
  const cell = row?.cells.find((c) => new Date(c.at).toISOString() === search.hour);
  return (
    <Stack gap="md">
      <Group gap="sm"><StatePill tone={said.whole ? 'ok' : 'warn'} word={said.whole ? 'Whole' : 'Not whole'} size="md" /><Text size="sm">{said.text}</Text></Group>
      <Fill rows={rows} now={now} onFill={(f) => setFill(f)} />
      <HourGrid label="Coverage by hour; arrow keys move, Enter opens an hour" head="Flow and stream" rows={rows} signs={states} more={(_, c) => moreOf(c, now)} picked={cell && row ? { row: row.key, at: cell.at } : undefined} onPick={(r, at) => set({ row: r, hour: new Date(at).toISOString() })} />
      <Signs signs={states} />
      {row && cell && <Detail row={row} cell={cell} now={now} onClose={() => set({ row: undefined, hour: undefined })} onFill={() => setFill({ flow: row.flow, from: cell.at, to: cell.at + hour })} />}
      {fill && <Backfill flow={fill.flow} opened from={new Date(fill.from).toISOString()} to={new Date(fill.to).toISOString()} onClose={() => setFill(null)} />}
    </Stack>
  );
}

/** Only what collects has hours. */
const appending = { mode: 'append' };

/** moreOf is what is read of an hour beside its state. */
const moreOf = (c: Cell, now: number): string =>
  c.state === 'missing' || c.state === 'partial' ? `can be had for ${span(recoverable(c.at, now))} more` : c.delivered ? `${count(c.delivered.records)} records` : '';
