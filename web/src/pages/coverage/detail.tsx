import { Button, CloseButton, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useMay } from '@/api/session';
import { count } from '@/number';
import { WindowSplits } from '@/hours/window-splits';
import { Numbers } from '@/parts/numbers';
import { LinkAnchor } from '@/parts/link';
import { absolute, span } from '@/time/time';
import { recoverable, states, type Cell, type Row } from './cells';

/** Detail tells all that is known of one hour. */
export function Detail({ row, cell, now, onClose, onFill }: { row: Row; cell: Cell; now: number; onClose: () => void; onFill: () => void }) {
  const may = useMay('operator');
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    head.current?.focus();
  }, [row.key, cell.at]);
  const { listed: l, delivered: d } = cell;
  const fillable = (cell.state === 'missing' || cell.state === 'partial') && row.flow;
  return (
    <Stack gap="sm" p="md" className="panel" component="section" aria-label="One hour">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={2} ref={head} tabIndex={-1} style={{ outline: 'none', overflowWrap: 'anywhere' }}>{row.stream}, {absolute(cell.at, 'utc').slice(0, 16)} – {absolute(cell.at + 3_600_000, 'utc').slice(11, 16)} UTC</Title>
        <CloseButton className="no-print" aria-label="Close the hour" onClick={onClose} />
      </Group>
      <Text size="sm"><b className="sign" data-state={cell.state}>{states[cell.state].sign}</b> <b>{states[cell.state].word}</b>: {states[cell.state].text}.{fillable && ` It can be had for ${span(recoverable(cell.at, now))} more.`}</Text>
      <Numbers label="Numbers of the hour" facts={[
        { name: 'Listed', value: `${l?.listed_minutes ?? 0} of ${l?.asked_minutes ?? 0} min` },
        { name: 'Splits listed', value: count(l?.splits), more: row.flow ? `${count(d?.splits)} delivered` : undefined },
        { name: 'Records delivered', value: count(d?.records) },
        { name: 'Repeats left out', value: count(d?.repeats) },
        { name: 'Dead letters', value: count(d?.dead_letters), more: (d?.dead_letters ?? 0) > 0 ? <LinkAnchor to="/deadletters" search={{ flow: row.flow }} size="xs">Review</LinkAnchor> : undefined },
        { name: 'Lost', value: count((d?.lost ?? 0) + (l?.lost ?? 0)) },
      ]} />
      <WindowSplits flow={row.flow || undefined} source={row.flow ? undefined : row.source} stream={row.stream} at={cell.at} />
      <Group className="no-print">
        {fillable && may && <Button size="xs" onClick={onFill}>Backfill this window…</Button>}
        {row.flow && <LinkAnchor to="/flows/$name" params={{ name: row.flow }} size="sm">Open {row.flow}</LinkAnchor>}
      </Group>
    </Stack>
  );
}
