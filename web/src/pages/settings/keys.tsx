import { Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { DataTable } from '@/parts/data-table';
import { Facts } from '@/parts/facts';
import { Loaded } from '@/parts/loaded';
import { plural } from '@/number';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';

/** Keys names what secrets are sealed with, and replaces it. The keys themselves are shown nowhere. */
export function Keys() {
  const [opened, dialog] = useDisclosure();
  const query = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => ask('GET', '/keys', { signal }) });
  const rotate = useChange(() => ask('POST', '/keys/rotate', { body: {}, timeout: 120_000 }), { stale: [['keys']], onDone: dialog.close });
  return (
    <Block title="Keys" text="Secrets are sealed with a data key, which the master key seals. Back up the master key apart from the data." aside={<Button variant="default" onClick={dialog.open}>Rotate the data key…</Button>}>
      <Loaded query={query} what="the keys">
        {(k) => (
          <Stack>
            <Facts rows={[['Data key', <code key="k">{k.key_id}</code>], ['Master key', <code key="m">{k.master_id}</code>], ['Where it is', <code key="w">{k.master}</code>], ['Keys kept', plural(k.keys ?? 1, 'key')]]} />
            {!!k.nodes?.length && <DataTable caption="Nodes" rows={k.nodes} rowKey={(n) => n.name} columns={[{ key: 'n', head: 'Node', cell: (n) => n.name }, { key: 's', head: 'State', cell: (n) => <StatePill tone={n.silent ? 'unreachable' : 'ok'} word={n.silent ? 'Silent' : 'Has the key'} /> }, { key: 't', head: 'Last heard', cell: (n) => <When at={n.seen} /> }]} />}
          </Stack>
        )}
      </Loaded>
      <Text size="sm" role="status">{rotate.isSuccess ? `The data key is ${rotate.data.key_id} now; ${plural(rotate.data.resealed ?? 0, 'secret')} sealed anew.` : ''}</Text>
      <ConfirmDanger opened={opened} onClose={dialog.close} title="Rotate the data key" verb="Rotate the data key" effect="A new data key is made and every secret is sealed with it. Nothing stops. A backup from before still needs the master key of today." busy={rotate.isPending} error={rotate.error} onConfirm={() => rotate.mutate(undefined)} />
    </Block>
  );
}
