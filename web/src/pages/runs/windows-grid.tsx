import { CloseButton, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { HourGrid, Signs } from '@/hours/grid';
import { WindowSplits } from '@/hours/window-splits';
import { count } from '@/number';
import { Block } from '@/parts/block';
import { Loaded } from '@/parts/loaded';
import { absolute } from '@/time/time';
import { isOver, type RunView } from './look';
import { windowsQuery } from './queries';
import { windowRows, windowSigns, type WindowCell } from './windows';

/** Windows shows hour by hour how the run's deliveries stand. Runs over things that have no hours have no such grid. */
export function Windows({ run }: { run: RunView }) {
  const query = useQuery(windowsQuery(run.id, isOver(run.state)));
  const [picked, pick] = useState<{ row: string; at: number }>();
  if (query.data?.length === 0) return null;
  return (
    <Block title="Windows" text="Each hour of each stream, in UTC, as far as it is listed. Enter opens one.">
      <Loaded query={query} what="the windows" rows={3}>
        {(all) => {
          const rows = windowRows(all);
          if (!rows) return <Text size="sm">What this run delivers lies too far apart for a grid by the hour.</Text>;
          const cell = rows.find((r) => r.key === picked?.row)?.cells.find((c) => c.at === picked?.at);
          return (
            <Stack gap="md">
              <HourGrid label="Windows of the run; arrow keys move, Enter opens an hour" head="Stream" rows={rows} signs={windowSigns} picked={picked} onPick={(row, at) => pick({ row, at })} more={(_, c) => tally(c)} />
              <Signs signs={windowSigns} />
              {picked && cell && <Detail flow={run.flow} stream={picked.row} cell={cell} onClose={() => pick(undefined)} />}
            </Stack>
          );
        }}
      </Loaded>
    </Block>
  );
}

const tally = ({ known: k }: WindowCell): string =>
  k ? [[k.delivered, 'delivered'], [k.pending, 'waiting'], [k.failed, 'failed'], [k.lost, 'lost'], [k.discarded, 'left out']].filter(([n]) => Number(n) > 0).map(([n, word]) => `${count(Number(n))} ${word}`).join(', ') : '';

function Detail({ flow, stream, cell, onClose }: { flow: string; stream: string; cell: WindowCell; onClose: () => void }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    head.current?.focus();
  }, [stream, cell.at]);
  return (
    <Stack gap="sm" p="md" className="panel" component="section" aria-label="One window">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={3} ref={head} tabIndex={-1} style={{ outline: 'none', overflowWrap: 'anywhere' }}>{stream}, {absolute(cell.at, 'utc').slice(0, 16)} – {absolute(cell.at + 3_600_000, 'utc').slice(11, 16)} UTC</Title>
        <CloseButton aria-label="Close the window" onClick={onClose} />
      </Group>
      <Text size="sm"><b data-state={cell.state}>{windowSigns[cell.state].sign} </b><b>{windowSigns[cell.state].word}</b>{tally(cell) && `: ${tally(cell)}`}.</Text>
      <WindowSplits flow={flow} stream={stream} at={cell.at} />
    </Stack>
  );
}
