import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { count, plural } from '@/number';
import { ConfirmDanger } from '@/parts/confirm-danger';
import type { RunView } from './look';

/** Cancel ends a run after what it has in hand. */
export function Cancel({ run }: { run: RunView }) {
  const [opened, dialog] = useDisclosure();
  const may = useMay('operator');
  const cancel = useChange(() => ask('POST', '/runs/{name}/cancel', { path: { name: run.id } }), { stale: [['runs'], ['flows'], ['overview']], onDone: dialog.close });
  if (!may) return null;
  return (
    <>
      <Button variant="default" onClick={dialog.open}>Cancel</Button>
      <ConfirmDanger opened={opened} onClose={dialog.close} title="Cancel the run" verb="Cancel the run" keep="Let it run" busy={cancel.isPending} error={cancel.error} onConfirm={() => cancel.mutate(undefined)}
        effect={`It finishes the batch in hand, then stops. ${count(run.counts.delivered)} delivered records stay; ${plural(run.progress.pending, 'split')} are not delivered by it.`} />
    </>
  );
}
