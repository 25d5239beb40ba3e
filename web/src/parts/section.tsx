import { Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** Section is a titled part of a page. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap="sm" component="section" aria-label={title} p={{ base: 'md', sm: 'lg' }} className="panel" style={{ minWidth: 0 }}>
      <Group justify="space-between">
        <Title order={2}>{title}</Title>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}
