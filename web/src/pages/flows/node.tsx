import { Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { Block } from '@/parts/block';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import { homesOf, movableTo, type Home } from './home';
import { MoveFlow } from './move';
import type { FlowStatus } from './status';

/** Node tells on which node's own disk a flow's files are, and whether the flow waits for it. Nothing where any node may work for it. */
export function Node({ flow }: { flow: FlowStatus }) {
  const may = useMay('operator');
  const [moving, setMoving] = useState(false);
  const homes = homesOf(flow);
  if (homes.length === 0) return null;
  const to = movableTo(flow);
  const gone = homes.filter((h) => h.gone);
  return (
    <Block
      title={homes.length === 1 ? 'Node that has the files' : 'Nodes that have the files'}
      text={`${flow.destination} is on a node's own disk, so the flow is worked on where its files are.`}
      aside={may && to.length > 0 && <Button variant="default" onClick={() => setMoving(true)}>Move to another node…</Button>}
    >
      <ul className="panel bare-list">{homes.map((h) => <One key={h.name} home={h} />)}</ul>
      {gone.length > 0 && <WayOut homes={gone} movable={to.length > 0} may={may} />}
      <MoveFlow flow={flow} to={to} opened={moving} onClose={() => setMoving(false)} />
    </Block>
  );
}

function One({ home: h }: { home: Home }) {
  return (
    <li style={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '6px 16px', padding: '12px 16px' }}>
      <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{h.name}</Text>
      <StatePill tone={h.gone ? 'bad' : 'ok'} word={h.gone ? 'Does not report' : 'Reports'} />
      <Text size="sm">{h.gone ? <>The flow waits for it. It last reported <When at={h.seen} none="never" show="both" />.</> : <>It last reported <When at={h.seen} none="never" />.</>}</Text>
    </li>
  );
}

function WayOut({ homes, movable, may }: { homes: Home[]; movable: boolean; may: boolean }) {
  const names = homes.map((h) => h.name).join(' and ');
  return (
    <Stack gap={4}>
      <Text size="sm"><b>Start headrace on {names} again, or give its disk to another node:</b> the flow goes on by itself. Until then what waits is held, as far as the hold goes.</Text>
      <Text size="sm">
        If {names} is gone for good, another node can go on in new files: {movable ? may ? 'move the flow.' : 'somebody with the role Operator can move the flow.' : 'start headrace on one, with this database, and move the flow there.'}
      </Text>
    </Stack>
  );
}
