import { Stack, Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { Spark } from '@/chart/spark';
import { count } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Doing } from '@/parts/doing';
import { LinkAnchor } from '@/parts/link';
import { StatePill } from '@/parts/state-pill';
import { span } from '@/time/time';
import { When } from '@/time/when';
import { lookOf } from '../flows/look';

type Row = Schemas['OverviewFlowRow'];

const columns: Column<Row>[] = [
  { key: 'name', head: 'Flow', cell: (f) => <Stack gap={0}><LinkAnchor to="/flows/$name" params={{ name: f.name }} fw={600} size="sm">{f.name}</LinkAnchor><Text size="xs" c="dimmed">{f.source} → {f.destination}</Text></Stack> },
  { key: 'state', head: 'State', cell: (f) => <Stack gap={0} maw={320}><StatePill {...lookOf(f)} />{f.doing && <Text size="xs" c="dimmed" lineClamp={2}><Doing text={f.doing} trouble={f.trouble} /></Text>}</Stack> },
  { key: 'lag', head: 'Lag', number: true, cell: (f) => (f.mode === 'mirror' || f.lag_seconds === undefined ? '–' : span(f.lag_seconds * 1000)) },
  { key: 'last', head: 'Last delivery', cell: (f) => <When at={f.last_delivery} size="sm" none="None yet" /> },
  { key: 'rate', head: 'Last 24 h', cell: (f) => <Spark values={f.rate} label={`Records delivered by hour: ${count(f.rate.at(-1))} in this hour, ${count(Math.max(0, ...f.rate))} at most`} /> },
];

/** FlowRows are the flows, those with trouble first. */
export function FlowRows({ flows }: { flows: Row[] }) {
  return <DataTable caption="Flows, those with trouble first" columns={columns} rows={flows} rowKey={(f) => f.id} minWidth={760} />;
}
