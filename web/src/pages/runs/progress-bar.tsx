import { Group, Progress, Stack, Text, VisuallyHidden } from '@mantine/core';
import { short } from '@/number';
import { useNow } from '@/time/use-now';
import { eta, isOver, lookOfRun, progressOf, told, type RunView } from './look';

/** ProgressBar shows how far a run is. It speaks at each quarter and when the state changes, not at each step. */
export function ProgressBar({ run }: { run: RunView }) {
  const now = useNow(1_000);
  const p = progressOf(run);
  const over = isOver(run.state);
  const since = Math.max(1, (run.finished ? Date.parse(run.finished) : now) - Date.parse(run.created));
  const part = p.of > 0 ? (p.done / p.of) * 100 : over ? 100 : 0;
  const left = over ? undefined : eta(p, since);
  const quarter = Math.floor(part / 25) * 25;
  return (
    <Stack gap={6} component="section" aria-label="Progress">
      <Group justify="space-between">
        <Text size="sm" fw={600}>{told(p)}</Text>
        <Text size="sm" c="dimmed">{short((run.counts.delivered / since) * 1000)} records/s{left && ` · ${left} left`}</Text>
      </Group>
      <Progress.Root size="lg">
        <Progress.Section value={p.more && !over ? Math.max(4, part) : part} color={run.state === 'failed' ? 'red.8' : 'indigo.7'} animated={!over && p.more} striped={!over && p.more} aria-label={told(p)} />
      </Progress.Root>
      {(run.progress.failed > 0 || run.progress.lost > 0) && <Text size="sm" fw={600}>{run.progress.failed} failed, {run.progress.lost} lost.</Text>}
      <VisuallyHidden role="status">{over ? lookOfRun(run.state).word : quarter > 0 && !p.more ? `${quarter} % done` : lookOfRun(run.state).word}</VisuallyHidden>
    </Stack>
  );
}
