import { Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { When } from '@/time/when';
import { homesOf } from './home';
import { flowKeys, type FlowStatus } from './status';

/** MoveFlow asks which node goes on with a flow, says what that does, and does it. */
export function MoveFlow({ flow, to: nodes, opened, onClose }: { flow: FlowStatus; to: Schemas['FlowNode'][]; opened: boolean; onClose: () => void }) {
  const [picked, pick] = useState<string>();
  const to = picked ?? nodes[0]?.name ?? '';
  const move = useChange(() => ask('POST', '/flows/{name}/move', { path: { name: flow.name }, body: { to } }), { stale: flowKeys, onDone: onClose });
  return (
    <ConfirmDanger
      opened={opened}
      onClose={() => {
        move.reset();
        onClose();
      }}
      title="Move to another node"
      verb={`Move ${flow.name}`}
      busy={move.isPending}
      error={move.error}
      onConfirm={() => move.mutate(undefined)}
      effect={
        <Stack gap="md">
          <Radio.Group label="Node that goes on" value={to} onChange={pick}>
            <Stack gap="xs" mt="xs">
              {nodes.map((n) => (
                <Radio key={n.name} value={n.name} label={n.name} styles={{ label: { overflowWrap: 'anywhere' } }} description={<>{n.gone ? 'Does not report: the flow would wait for it. ' : ''}Last reported <When at={n.seen} none="never" /></>} />
              ))}
            </Stack>
          </Radio.Group>
          <Text size="sm">{effect(flow, to)}</Text>
        </Stack>
      }
    />
  );
}

function effect(flow: FlowStatus, to: string): string {
  const left = homesOf(flow).filter((h) => h.name !== to);
  const stays = left.map((h) => `What it has written stays on ${h.name}${h.gone ? ', which does not report now' : ''}.`).join(' ');
  const twice = left.some((h) => h.gone) ? ' If that was killed in the middle of a write, at most that one batch stands in the files of both.' : '';
  return `${flow.name} goes on at ${to}, in new files there. ${stays}${twice}`;
}
