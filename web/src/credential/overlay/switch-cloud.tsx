import { Button, Group, Text } from '@mantine/core';
import type { Check } from '../api';
import { cloudsMeant, useClouds } from '../clouds';

interface Props {
  checks: Check[];
  cloud: string;
  onCloud: (cloud: string) => void;
}

/** SwitchCloud offers the clouds that the tenant may be in, where the test found that it is not in this one. */
export function SwitchCloud({ checks, cloud, onCloud }: Props) {
  const clouds = useClouds().data ?? [];
  const wrong = checks.find((c) => c.code === 'wrong_cloud');
  const meant = wrong ? cloudsMeant(wrong.fix ?? wrong.text, clouds, cloud) : [];
  if (meant.length === 0) return null;
  return (
    <Group gap="xs">
      <Text size="sm" fw={600}>The tenant is in another cloud.</Text>
      {meant.map((c) => <Button key={c.name} size="xs" variant="default" onClick={() => onCloud(c.name)}>Switch to {c.title}</Button>)}
      <Text size="xs" c="dimmed">Then test again.</Text>
    </Group>
  );
}
