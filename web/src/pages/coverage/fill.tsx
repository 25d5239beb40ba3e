import { Button, Group, Stack, Text } from '@mantine/core';
import { useMay } from '@/api/session';
import { groupBy } from '@/group';
import { plural } from '@/number';
import { ToneIcon } from '@/parts/state-pill';
import { span } from '@/time/time';
import { gapsIn, recoverable, type Row } from './cells';

interface Props {
  rows: Row[];
  now: number;
  onFill: (piece: { flow: string; from: number; to: number }) => void;
}

/** Fill offers, for each flow with something missing that can still be had, to fetch it. The one that is gone first stands first. */
export function Fill({ rows, now, onFill }: Props) {
  const may = useMay('operator');
  const pieces = [...groupBy(rows.filter((r) => r.flow), (r) => r.flow)].flatMap(([flow, of]) => {
    const all = of.flatMap(gapsIn);
    return all.length > 0 ? [{ flow, from: Math.min(...all.map((g) => g.from)), to: Math.max(...all.map((g) => g.to)), windows: all.reduce((n, g) => n + g.hours, 0) }] : [];
  });
  if (pieces.length === 0) return null;
  return (
    <Stack gap="xs" className="no-print">
      {pieces.sort((a, b) => a.from - b.from).map((p) => (
        <Group key={p.flow} className="panel" p="sm" gap="sm">
          <ToneIcon tone="warn" />
          <Text size="sm" style={{ flex: '1 1 240px' }}><b>{p.flow}</b>: {plural(p.windows, 'window')} missing. The oldest can be had for {span(recoverable(p.from, now))} more.</Text>
          {may && <Button size="xs" onClick={() => onFill(p)}>Backfill missing ({plural(p.windows, 'window')})…</Button>}
        </Group>
      ))}
    </Stack>
  );
}
