import { Button, Text } from '@mantine/core';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { plural } from '@/number';
import { ProblemNotice } from '@/parts/problem-notice';
import { flowKeys } from './status';

/** Retry tries a flow's failed deliveries again. */
export function Retry({ flow, failed }: { flow: string; failed: number }) {
  const may = useMay('operator');
  const retry = useChange(() => ask('POST', '/flows/{name}/retry', { path: { name: flow } }), { stale: flowKeys });
  if (!may) return null;
  return (
    <>
      {retry.isError && <ProblemNotice error={retry.error} />}
      <Text size="sm" role="status">{retry.isSuccess && `${plural(retry.data.deliveries, 'delivery', 'deliveries')} tried again.`}</Text>
      {failed > 0 && <Button onClick={() => retry.mutate(undefined)} loading={retry.isPending}>Retry {failed} failed</Button>}
    </>
  );
}
