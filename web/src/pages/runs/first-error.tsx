import { Alert, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { sentence } from '@/text/sentence';
import { plural } from '@/number';
import { Retry } from '../flows/retry';
import type { RunView } from './look';

/** FirstError says why a run failed, and goes on from there. */
export function FirstError({ run }: { run: RunView }) {
  return (
    <Alert color="red" variant="outline" icon={<IconAlertTriangle aria-hidden />} title={sentence(run.error ?? 'the run failed')} styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Text size="sm">What was delivered stays. {run.progress.failed > 0 ? `${plural(run.progress.failed, 'delivery', 'deliveries')} failed; trying again goes on from there.` : 'Begin it again when the cause is mended.'}</Text>
      <Group mt="xs"><Retry flow={run.flow} failed={run.progress.failed} /></Group>
    </Alert>
  );
}
