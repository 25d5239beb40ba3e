import { Group, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { NamePick } from '@/parts/name-pick';
import { Page } from '@/parts/page';
import { lookOfRun, runKinds, runStates } from './look';
import type { RunsSearch } from './routes';
import { RunList } from './run-list';

const route = getRouteApi('/runs');

/** Runs lists what has an end: crawls, backfills, replays. */
export function Runs() {
  const search = route.useSearch();
  const go = route.useNavigate();
  const set = (change: RunsSearch) => void go({ search: { ...search, ...change }, replace: true });
  return (
    <Page title="Runs" text="Work that has an end: crawls, backfills and replays. A flow that collects for ever has none.">
      <Group gap="sm">
        <NamePick kind="flows" data-filter label="Flow" placeholder="All flows" clearable value={search.flow ?? null} onChange={(v) => set({ flow: v ?? undefined })} w={240} />
        <Select label="Kind" placeholder="All kinds" clearable data={[...runKinds]} value={search.kind ?? null} onChange={(v) => set({ kind: v ?? undefined })} w={150} />
        <Select label="State" placeholder="All states" clearable data={runStates.map((s) => ({ value: s, label: lookOfRun(s).word }))} value={search.state ?? null} onChange={(v) => set({ state: v ?? undefined })} w={260} />
      </Group>
      <RunList filter={search} onClear={() => void go({ search: {} })} />
    </Page>
  );
}
