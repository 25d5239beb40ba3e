import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconShieldExclamation } from '@tabler/icons-react';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { sentence } from '@/text/sentence';
import type { RunView } from './look';

/** Approve asks somebody to look at the deletes that the guard stopped. */
export function Approve({ run }: { run: RunView }) {
  const [opened, dialog] = useDisclosure();
  const may = useMay('operator');
  const approve = useChange(() => ask('POST', '/runs/{name}/approve', { path: { name: run.id } }), { stale: [['runs'], ['flows'], ['overview']], onDone: dialog.close });
  const why = sentence(run.error ?? 'the crawl would delete more than the guard allows');
  return (
    <Alert color="yellow" variant="outline" icon={<IconShieldExclamation aria-hidden />} title="Nothing is deleted until somebody approves" styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Stack gap="xs">
        <Text size="sm">{why} Is that right? A folder that is not mounted or a search that finds nothing looks the same. If it is not, cancel the run, mend the source and run it again.</Text>
        {may ? <Group><Button color="red.9" onClick={dialog.open}>Approve the deletes…</Button></Group> : <Text size="sm" fw={600}>Your role is Viewer. Approving needs Operator.</Text>}
      </Stack>
      <ConfirmDanger opened={opened} onClose={dialog.close} title={`Approve the deletes of crawl ${run.number}`} verb="Approve and delete" busy={approve.isPending} error={approve.error} onConfirm={() => approve.mutate(undefined)}
        name={run.flow} effect={`${why} The items are deleted at the destination for good. The approval is for this crawl alone.`} />
    </Alert>
  );
}
