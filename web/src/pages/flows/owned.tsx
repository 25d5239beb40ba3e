import { Alert, Button, Group, Text } from '@mantine/core';
import { IconFileCode } from '@tabler/icons-react';
import { useMay } from '@/api/session';
import { ProblemNotice } from '@/parts/problem-notice';
import { keptBy } from '@/text/owner';
import { useSave } from './save';
import type { FlowStatus } from './status';

/** Owned says that a file set keeps a flow, so that it can't be edited here, and how it could be. */
export function Owned({ flow }: { flow: FlowStatus }) {
  const may = useMay('operator');
  const detach = useSave(flow.name, flow.revision, () => undefined);
  if (flow.owner === 'ui') return null;
  return (
    <Alert variant="outline" color="blue" icon={<IconFileCode aria-hidden />} title={`Kept by ${keptBy(flow.owner)}`} styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Text size="sm">Change the file and apply it. Or detach the flow: then it is edited here, and the next apply of those files refuses until it adopts it again.</Text>
      {may && <Group mt="xs"><Button size="xs" variant="default" onClick={() => detach.mutate({ detach: true })} loading={detach.isPending}>Detach from {flow.owner}</Button></Group>}
      {detach.isError && <ProblemNotice error={detach.error} />}
    </Alert>
  );
}
