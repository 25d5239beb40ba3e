import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useToggle } from '@mantine/hooks';
import { Suspense } from 'react';
import { lazyPart } from '@/parts/lazy';
import { isEmpty, type ChartData } from './data';
import { ValueTable } from './value-table';

const Plot = lazyPart(() => import('./plot'));

interface Props {
  title: string;
  data: ChartData;
  /** Writes a value with its unit. */
  format?: (value: number) => string;
  height?: number;
  /** Series lie on one another and add up. */
  stacked?: boolean;
  /** The values are seconds: the axis has the steps of a clock. */
  spans?: boolean;
}

/** Chart draws values over time, and shows the same as a table. uPlot is loaded when the first chart is. */
export function Chart({ title, data, format = (v) => v.toLocaleString('en'), height = 200, stacked, spans }: Props) {
  const [view, toggle] = useToggle<'plot' | 'table'>(['plot', 'table']);
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Group justify="space-between">
        <Text fw={600} size="sm">{title}</Text>
        {!isEmpty(data) && <Button size="compact-xs" variant="default" onClick={() => toggle()} aria-pressed={view === 'table'}>{view === 'table' ? 'Show as chart' : 'Show as table'}</Button>}
      </Group>
      {isEmpty(data) ? (
        <Text size="sm" c="dimmed">Nothing was measured in this time.</Text>
      ) : view === 'table' ? (
        <ValueTable title={title} data={data} format={format} height={height} />
      ) : (
        <Suspense fallback={<Skeleton height={height} />}>
          <Plot title={title} data={data} format={format} height={height} stacked={stacked} spans={spans} />
        </Suspense>
      )}
    </Stack>
  );
}
