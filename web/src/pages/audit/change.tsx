import { Text } from '@mantine/core';
import { Dialog } from '@/parts/dialog';
import type { Schemas } from '@/api/ask';
import { DiffView } from '@/record/diff-view';

/** Change shows one entry of the audit log: what was before, and what after. */
export function Change({ entry, onClose }: { entry: Schemas['AuditEntry'] | null; onClose: () => void }) {
  return (
    <Dialog opened={!!entry} onClose={onClose} size="xl" title={entry ? `${entry.operation} ${entry.object?.name ?? ''}` : ''}>
      {entry && <DiffView left={entry.before} right={entry.after} names={['Before', 'After']} />}
      {entry?.request_id && <Text size="xs" c="dimmed" mt="xs">Request {entry.request_id}</Text>}
    </Dialog>
  );
}
