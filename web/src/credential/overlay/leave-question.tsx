import { Button, Group, Modal, Stack, Text } from '@mantine/core';

/** LeaveQuestion asks before a form is left that holds what is not saved. */
export function LeaveQuestion({ opened, kept, onStay, onLeave }: { opened: boolean; kept: boolean; onStay: () => void; onLeave: () => void }) {
  return (
    <Modal opened={opened} onClose={onStay} title="Close without saving?" centered zIndex={400} closeButtonProps={{ 'aria-label': 'Go on editing' }} styles={{ title: { fontWeight: 700 } }}>
      <Stack>
        <Text size="sm">{kept ? 'What you typed stays in this browser until you come back, except the secret: that is never kept here.' : 'The changes are lost.'}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onLeave}>Close</Button>
          <Button onClick={onStay} data-autofocus>Go on editing</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
