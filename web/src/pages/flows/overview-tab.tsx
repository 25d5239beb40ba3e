import { Code, Stack, Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { count, plural, size } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Numbers } from '@/parts/numbers';
import { LinkButton } from '@/parts/link';
import { Block } from '@/parts/block';
import { When } from '@/time/when';
import { FlowCharts } from './charts';
import { homesOf } from './home';
import { Node } from './node';
import { Retry } from './retry';
import type { FlowStatus } from './status';

/** OverviewTab is a flow in numbers and over time, with what is wrong on top. */
export function OverviewTab({ flow }: { flow: FlowStatus }) {
  const { counts: c, backlog: b } = flow;
  const waits = homesOf(flow).some((h) => h.gone);
  return (
    <Stack gap="xl">
      {(b.failed > 0 || flow.troubles.length > 0) && <Troubles flow={flow} />}
      {flow.gaps.length > 0 && <Gaps gaps={flow.gaps} flow={flow.name} />}
      {waits && <Node flow={flow} />}
      <Block title="Since it began">
        <Numbers label="Counts of the flow" facts={[
          { name: 'Read', value: count(c.fetched), more: size(c.bytes) },
          { name: 'Delivered', value: count(c.delivered), more: c.deleted > 0 ? `${count(c.deleted)} deleted` : undefined },
          { name: 'Repeats left out', value: count(c.repeats) },
          { name: 'Dropped by rules', value: count(c.dropped) },
          { name: 'Dead letters', value: count(c.dead_letters), more: flow.open_dead_letters > 0 ? `${count(flow.open_dead_letters)} open` : 'none open' },
          { name: 'Waiting', value: plural(b.pending, 'split'), more: b.expires && b.pending > 0 ? <>the first is gone <When at={b.expires} /></> : undefined },
          c.lost > 0 && { name: 'Lost', value: plural(c.lost, 'split') },
        ]} />
      </Block>
      <FlowCharts flow={flow.name} />
      {!waits && <Node flow={flow} />}
    </Stack>
  );
}

const troubleColumns: Column<Schemas['Trial']>[] = [
  { key: 'stream', head: 'Stream', cell: (t) => t.stream },
  { key: 'time', head: 'Time', cell: (t) => <When at={t.time} show="absolute" /> },
  { key: 'state', head: 'State', cell: (t) => `${t.state}, ${plural(t.attempts, 'attempt')}` },
  { key: 'why', head: 'Why', cell: (t) => <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{t.trouble?.title || t.trouble?.text}{t.trouble?.hint && <b> {t.trouble.hint}</b>}</Text> },
  { key: 'split', head: 'Split', cell: (t) => (t.split ? <Code style={{ overflowWrap: 'anywhere' }}>{t.split}</Code> : '–') },
];

function Troubles({ flow }: { flow: FlowStatus }) {
  return (
    <Block title="What does not go through" text={flow.backlog.failed > 0 ? `${plural(flow.backlog.failed, 'delivery', 'deliveries')} failed after several attempts. Nothing of them is lost while the source still has it.` : flow.troubles.some((t) => t.state === 'lost') ? 'What is pending is tried again by itself; what is lost the source no longer has.' : 'These are tried again by themselves.'} aside={flow.backlog.failed > 0 && <Retry flow={flow.name} failed={flow.backlog.failed} />}>
      <DataTable caption="Deliveries in trouble" columns={troubleColumns} rows={flow.troubles} rowKey={(t) => t.split || `${t.stream} ${t.time}`} minWidth={860} />
    </Block>
  );
}

const gapColumns: Column<Schemas['Gap']>[] = [
  { key: 'stream', head: 'Stream', cell: (g) => g.stream },
  { key: 'from', head: 'From', cell: (g) => <When at={g.from} show="absolute" /> },
  { key: 'to', head: 'To', cell: (g) => <When at={g.to} show="absolute" /> },
  { key: 'why', head: 'Why', cell: (g) => g.reason },
];

function Gaps({ gaps, flow }: { gaps: Schemas['Gap'][]; flow: string }) {
  return (
    <Block title="Gaps: lost for good" text="The source no longer has what happened in these times." aside={<LinkButton variant="default" to="/coverage" search={{ flow }}>Open coverage</LinkButton>}>
      <DataTable caption="Gaps" columns={gapColumns} rows={gaps} rowKey={(g) => g.stream + g.from} />
    </Block>
  );
}
