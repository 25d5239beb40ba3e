import { ScrollArea, Table } from '@mantine/core';
import { usePreference } from '@/prefs/preference';
import { absolute } from '@/time/time';
import type { ChartData } from './data';

/** ValueTable is a chart's values, newest first. */
export function ValueTable({ title, data, format, height }: { title: string; data: ChartData; format: (v: number) => string; height: number }) {
  const [clock] = usePreference('clock');
  const rows = data.times.map((at, i) => ({ at, values: data.series.map((s) => s.values[i] ?? null) })).reverse();
  return (
    <ScrollArea.Autosize mah={Math.max(height, 240)} type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': `${title}, as a table` }}>
      <Table stickyHeader verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Time</Table.Th>
            {data.series.map((s) => <Table.Th key={s.label} scope="col" ta="right">{s.label}</Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((r) => (
            <Table.Tr key={r.at}>
              <Table.Td>{absolute(r.at, clock)}</Table.Td>
              {r.values.map((v, i) => <Table.Td key={data.series[i]!.label} ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>{v === null ? '–' : format(v)}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
