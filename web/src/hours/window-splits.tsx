import { Code, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { plural } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import { lookOfDelivery } from './delivery';

type Split = Schemas['DeliveryRow'];

interface Props {
  flow?: string;
  source?: string;
  stream: string;
  at: number;
}

/** WindowSplits tells of one hour of a stream which blobs were listed when, and how each was delivered. */
export function WindowSplits({ flow, source, stream, at }: Props) {
  const hour = new Date(at).toISOString();
  const query = useQuery({ queryKey: ['coverage', 'window', flow ?? source, stream, hour], queryFn: ({ signal }) => ask('GET', '/coverage/window', { query: { flow, source, stream, hour }, signal }) });
  return (
    <Loaded query={query} what="the hour's blobs" rows={2}>
      {(w) => (
        <Stack gap="xs">
          <Text size="sm">Last listed with something new <When at={w.listed} show="both" none="never" />{flow && <> · last delivered <When at={w.delivered} show="both" none="not yet" /></>}</Text>
          {w.splits.length > 0 ? (
            <>
              <DataTable caption="Blobs of the hour, as they were listed" columns={flow ? columns : columns.filter((c) => c.key !== 'state' && c.key !== 'finished')} rows={w.splits} rowKey={(d) => d.split + d.listed + d.time} minWidth={flow ? 820 : 480} />
              {w.more && <Text size="sm">There are more; the first {w.splits.length} are shown.</Text>}
            </>
          ) : (
            <Text size="sm" c="dimmed">No blob of this hour is known any more, or none was ever listed. Blobs are remembered for a day after Microsoft forgets them.</Text>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

const columns: Column<Split>[] = [
  { key: 'split', head: 'Blob', cell: (d) => (d.split ? <Code style={{ overflowWrap: 'anywhere' }}>{d.split}</Code> : <Text size="sm" c="dimmed">ID no longer kept</Text>) },
  { key: 'listed', head: 'Listed', width: 170, cell: (d) => <When at={d.listed} show="absolute" size="sm" /> },
  { key: 'state', head: 'State', width: 210, cell: (d) => <DeliveryState delivery={d} /> },
  { key: 'finished', head: 'Delivered', width: 170, cell: (d) => <When at={d.finished} show="absolute" size="sm" none="–" /> },
];

/** DeliveryState is how one delivery stands, with its last trouble. */
export function DeliveryState({ delivery: d }: { delivery: Split }) {
  const tries = d.attempts + d.waits;
  return (
    <Stack gap={0}>
      <StatePill {...lookOfDelivery(d.state)} />
      {tries > 0 && <Text size="xs" c="dimmed">tried again {plural(tries, 'time')}</Text>}
      {d.trouble && <Text size="xs" style={{ overflowWrap: 'anywhere' }}>{d.trouble.title || d.trouble.text}</Text>}
    </Stack>
  );
}
