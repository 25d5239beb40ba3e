import { Group, Text } from '@mantine/core';

/** Mark is the product's sign and name; narrow: without the name where the screen has no room for it. */
export function Mark({ size = 22, narrow }: { size?: number; narrow?: boolean }) {
  return (
    <Group gap={8} wrap="nowrap">
      <img src="/icon.svg" width={size} height={size} alt="" />
      <Text fw={700} size="lg" component="span" visibleFrom={narrow ? 'xs' : undefined}>headrace</Text>
    </Group>
  );
}
