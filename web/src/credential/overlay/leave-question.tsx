import { Button, Group, Stack, Text } from '@mantine/core';
import { Dialog } from '@/parts/dialog';

/** LeaveQuestion asks before a form is left that holds what is not saved. */
export function LeaveQuestion({ opened, kept, onStay, onLeave }: { opened: boolean; kept: boolean; onStay: () => void; onLeave: () => void }) {
  return (
    <Dialog opened={opened} onClose={onStay} title="Close without saving?" above>
      <Stack>
        <Text size="sm">{kept ? 'What you typed stays in this browser until you come back, except the secret: that is never kept here.' : 'The changes are lost.'}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onLeave}>Close without saving</Button>
          <Button onClick={onStay} data-autofocus>Go on editing</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
