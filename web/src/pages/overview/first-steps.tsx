import { Group, Stack, Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { Block } from '@/parts/block';
import { LinkButton } from '@/parts/link';
import { ToneIcon } from '@/parts/state-pill';
import { firstSteps } from './way';

/** FirstSteps leads a new server to its first flow. The next step has the only filled button. */
export function FirstSteps({ numbers }: { numbers: Schemas['Numbers'] }) {
  const steps = firstSteps(numbers);
  const next = steps.findIndex((s) => !s.done);
  return (
    <Block title="Three steps to the first record" text="Without a tenant of your own: headrace demo plays one on this computer.">
      <ol className="bare-list" style={{ display: 'grid', gap: 12, maxWidth: 720 }}>
        {steps.map((s, i) => (
          <li key={s.title} className="panel" style={{ padding: 16 }}>
            <Group justify="space-between" gap="md">
              <Group gap="md" wrap="nowrap" style={{ flex: '1 1 280px' }}>
                <ToneIcon tone={s.done ? 'ok' : 'still'} size={24} />
                <Stack gap={0}><Text fw={600}>{i + 1}. {s.title}{s.done && ': done'}</Text><Text size="sm">{s.text}</Text></Stack>
              </Group>
              <LinkButton variant={i === next ? 'filled' : 'default'} {...s.way}>{s.label}</LinkButton>
            </Group>
          </li>
        ))}
      </ol>
    </Block>
  );
}
