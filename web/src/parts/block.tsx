import { Group, Stack, Text, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

/** Block is a part of a page with its heading. */
export function Block({ title, text, aside, children }: { title: string; text?: ReactNode; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <Stack gap="sm" component="section" aria-labelledby={id}>
      <Group justify="space-between" align="flex-end" gap="sm">
        <div>
          <Title order={2} id={id}>{title}</Title>
          {text && <Text size="sm" component="div" c="dimmed">{text}</Text>}
        </div>
        {aside && <Group gap="xs">{aside}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
