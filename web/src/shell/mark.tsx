import { Group, Text } from '@mantine/core';

/** Mark is the product's sign and name. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <Group gap={8} wrap="nowrap">
      <img src="/icon.svg" width={size} height={size} alt="" />
      <Text fw={700} size="lg" component="span">headrace</Text>
    </Group>
  );
}
