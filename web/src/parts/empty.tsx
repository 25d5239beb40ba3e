import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Empty says what would be here and what makes the first one. */
export function Empty({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <Stack align="flex-start" gap="xs" p="lg" className="panel" style={{ borderStyle: 'dashed' }}>
      <Text fw={600}>{title}</Text>
      <Text size="sm" maw={640}>{text}</Text>
      {children && <Group mt="xs">{children}</Group>}
    </Stack>
  );
}

/** NoMatch names the filter that leaves nothing, and offers to clear it. */
export function NoMatch({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <Group p="lg" className="panel" role="status">
      <Text size="sm">{text}</Text>
      <Button size="xs" variant="default" onClick={onClear}>Clear filters</Button>
    </Group>
  );
}
