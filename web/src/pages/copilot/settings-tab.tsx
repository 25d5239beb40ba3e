import { Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { count } from '@/number';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { LinkAnchor, LinkButton } from '@/parts/link';
import { act, actQuery, connectionOf, type Destination, type Wire } from './act';

/** SettingsTab leads to the mapping, and deletes the connection in the tenant. */
export function SettingsTab({ destination: d }: { destination: Destination }) {
  const may = useMay('operator');
  return (
    <Stack gap="xl" maw={720}>
      <Block title="Mapping and limits" text="Which properties, text and access list an item gets, how fast it is sent, and the texts of the connection."><Group><LinkButton variant="default" to="/destinations/$name" params={{ name: d.name }} search={may ? { edit: true } : undefined}>{may ? 'Edit' : 'Look'}</LinkButton></Group></Block>
      <Block title="Pause" text="Paused, nothing is sent or deleted, and nothing is lost: the next crawl catches up."><Text size="sm">{d.paused ? 'It is paused. ' : 'It is at work. '}<LinkAnchor to="/destinations/$name" params={{ name: d.name }} size="sm">{d.paused ? 'Resume it' : 'Pause it'}</LinkAnchor></Text></Block>
      {may && <Delete destination={d} />}
    </Stack>
  );
}

/** Delete removes the connection with everything in it, when its ID is typed. */
function Delete({ destination: d }: { destination: Destination }) {
  const id = connectionOf(d);
  const [opened, dialog] = useDisclosure();
  const client = useQueryClient();
  const wire = useQuery(actQuery<Wire>(d.name, 'connection-show'));
  const remove = useChange(() => act(d.name, 'connection-remove', { confirm: id }), { stale: [['items', d.name]], onDone: () => { dialog.close(); void client.invalidateQueries({ queryKey: ['copilot', d.name] }); } });
  const items = wire.data?.ingestedItemsCount;
  const flow = d.used_by[0];
  return (
    <Block title="Delete the connection" text="With its schema, all items and external groups. There is no way back. To delete the items alone, remove the flow with its items.">
      <Group><Button variant="default" c="var(--hr-bad)" disabled={!wire.data} onClick={dialog.open}>Delete {id}…</Button>{remove.isSuccess && <Text size="sm" role="status">Microsoft deletes it, for minutes to hours; until then its ID can’t be used again.</Text>}</Group>
      <ConfirmDanger opened={opened} onClose={dialog.close} title={`Delete the connection ${id}`} name={id} verb={`Delete ${id}`} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate(undefined)}
        effect={<Stack gap="xs">
          <Text size="sm"><b>{items === undefined ? 'All its items vanish' : items === 1 ? '1 item vanishes' : `${count(items)} items vanish`}</b> from Copilot’s answers and from Microsoft Search, at once and for everybody.</Text>
          {flow && !d.paused && <Text size="sm">The flow {flow} still fills it, and makes the connection anew when it next sends. Pause it first if that is not what you want.</Text>}
        </Stack>} />
    </Block>
  );
}
