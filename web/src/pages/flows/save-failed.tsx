import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconGitBranch } from '@tabler/icons-react';
import { FormProblem } from '@/form/form-problem';
import { isStale } from './save';

/** SaveFailed tells why something was not saved; when somebody else was quicker, it offers both ways on. */
export function SaveFailed({ error, fields, onTheirs, onMine, busy }: { error: unknown; fields: readonly string[]; onTheirs: () => void; onMine: () => void; busy?: boolean }) {
  if (!error) return null;
  if (!isStale(error)) return <FormProblem error={error} fields={fields} />;
  return (
    <Alert color="yellow" variant="outline" role="alert" icon={<IconGitBranch aria-hidden />} title="Somebody else changed this meanwhile" styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Stack gap="xs">
        <Text size="sm">Nothing was saved. What you typed is still here.</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onTheirs}>Load theirs, drop mine</Button>
          <Button size="xs" onClick={onMine} loading={busy}>Save mine over it</Button>
        </Group>
      </Stack>
    </Alert>
  );
}
