import { Button, Group, Stack, Text } from '@mantine/core';
import { Dialog } from '@/parts/dialog';

/** What of the router's blocker is needed. */
interface Blocker {
  status: 'idle' | 'blocked';
  proceed?: () => void;
  reset?: () => void;
}

/** LeaveUnsaved asks before somebody leaves what is not saved. */
export function LeaveUnsaved({ blocker, what }: { blocker: Blocker; what: string }) {
  const stay = () => blocker.reset?.();
  return (
    <Dialog opened={blocker.status === 'blocked'} onClose={stay} title="Leave without saving">
      <Stack>
        <Text size="sm">{what} are not saved. Leaving drops what you changed.</Text>
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={stay}>Stay</Button>
          <Button color="red.9" onClick={() => blocker.proceed?.()}>Leave</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
