import { Code, SegmentedControl, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import { DeliveryState } from '@/hours/window-splits';
import { Block } from '@/parts/block';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { When } from '@/time/when';
import { isOver, type RunView } from './look';

type Delivery = Schemas['DeliveryRow'];

const shows = { wrong: ['failed', 'lost'], waiting: ['pending', 'held'], delivered: ['delivered'], all: [] } as const;
type Show = keyof typeof shows;

/** Deliveries lists what the run delivers, split by split: what went wrong first. */
export function Deliveries({ run }: { run: RunView }) {
  const { failed, lost, pending } = run.progress;
  const [show, set] = useState<Show>(failed + lost === 0 && pending > 0 ? 'waiting' : 'wrong');
  const query = usePages<Delivery>(['run-deliveries', run.id, show], '/deliveries', { query: { run: run.id, state: [...shows[show]] } }, { limit: 20, refetchInterval: isOver(run.state) ? 60_000 : 5_000 });
  return (
    <Block title="Deliveries" text="What is delivered is one split at a time: a blob, a file, a part of one."
      aside={<SegmentedControl size="xs" aria-label="Which deliveries" value={show} onChange={(v) => set(v as Show)} data={[{ value: 'wrong', label: 'Went wrong' }, { value: 'waiting', label: 'Waiting' }, { value: 'delivered', label: 'Delivered' }, { value: 'all', label: 'All' }]} />}>
      <Loaded query={query} what="the deliveries" rows={3}>
        {(all) =>
          all.length > 0 ? (
            <DataTable caption="Deliveries of the run" columns={columns} rows={all} rowKey={(d) => `${d.split} ${d.stream} ${d.time} ${d.listed}`} minWidth={820} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />
          ) : (
            <Text size="sm">{show === 'wrong' ? 'Nothing went wrong.' : 'There are none.'}</Text>
          )
        }
      </Loaded>
    </Block>
  );
}

const columns: Column<Delivery>[] = [
  { key: 'stream', head: 'Stream', width: 190, cell: (d) => d.stream || '–' },
  { key: 'time', head: 'Time', width: 175, cell: (d) => <When at={d.time} show="absolute" size="sm" /> },
  { key: 'state', head: 'State', width: 240, cell: (d) => <DeliveryState delivery={d} /> },
  { key: 'split', head: 'Split', cell: (d) => (d.split ? <Code style={{ overflowWrap: 'anywhere' }}>{d.split}</Code> : <Text size="sm" c="dimmed">ID no longer kept</Text>) },
];
