import './copilot.css';
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { Loaded } from '@/parts/loaded';
import { ProblemNotice } from '@/parts/problem-notice';
import { StatePill } from '@/parts/state-pill';
import { DiffView } from '@/record/diff-view';
import { RecordView } from '@/record/record-view';
import { act, actQuery, type Destination } from './act';

/** An item, as the connector shows it. */
interface Shown {
  id: string;
  made?: unknown;
  stored?: unknown;
  found: boolean;
  same?: boolean;
  different?: string[];
  notes?: string[];
  url?: string;
}

/** How many records of the source are looked through for the one that an item was made of. */
const looked = 200;

/** Item shows the source's record, what is made of it, and what the tenant has, with what differs. */
export function Item({ destination: d, id, onGone }: { destination: Destination; id: string; onGone: () => void }) {
  const flow = d.used_by[0];
  const origin = useQuery({
    queryKey: ['copilot', d.name, 'origin', flow],
    queryFn: ({ signal }) => ask('POST', '/transforms/try', { body: { flow, own: true, count: looked, destination: d.name }, signal, timeout: 90_000 }),
    enabled: !!flow,
    staleTime: 60_000,
    retry: false,
  });
  const from = origin.data?.records.find((r) => r.prepared?.some((p) => p.key === id) || r.before.key === id);
  const at = from?.after[from.prepared?.findIndex((p) => p.key === id) ?? 0] ?? from?.before.body;
  const item = useQuery({ ...actQuery<Shown>(d.name, 'item-show', from ? { id, record: at, key: from.before.key } : { id }), enabled: !flow || !origin.isPending });
  return (
    <Loaded query={item} what="the item in the tenant" rows={6}>
      {(shown) => (
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap="md">
              <StatePill tone={!shown.found ? 'bad' : shown.same === false ? 'warn' : 'ok'} word={!shown.found ? 'Not in the tenant' : shown.same === false ? `Differs: ${shown.different?.join(', ')}` : shown.same ? 'In the tenant, as its record is' : 'In the tenant'} />
              {shown.url && <Anchor href={shown.url} target="_blank" rel="noreferrer" size="sm">Open its page</Anchor>}
            </Group>
            <Work destination={d} id={shown.id || id} onGone={onGone} />
          </Group>
          {shown.notes?.map((n) => <Text key={n} size="sm">{n}</Text>)}
          {from ? <RecordView title={`Source record ${from.before.key ?? ''}`} body={from.before.body} height={260} /> : <Text size="sm" c="dimmed">Its source record is not among the first {looked} of the source, so only what the tenant has is shown.</Text>}
          {shown.made ? <DiffView left={shown.made} right={shown.stored} names={['Sent', 'Read back']} /> : <RecordView title="Read back from the tenant" body={shown.stored ?? {}} />}
        </Stack>
      )}
    </Loaded>
  );
}

function Work({ destination: d, id, onGone }: { destination: Destination; id: string; onGone: () => void }) {
  const [opened, dialog] = useDisclosure();
  const client = useQueryClient();
  const may = useMay('operator');
  const stale = [['items', d.name]];
  const again = useChange(() => ask('POST', '/destinations/{name}/items/missing', { path: { name: d.name }, body: { ids: [id] } }), { stale });
  const remove = useChange(() => act(d.name, 'item-delete', { id }), { stale, onDone: () => { dialog.close(); void client.invalidateQueries({ queryKey: ['copilot', d.name] }); onGone(); } });
  if (!may) return null;
  return (
    <>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={() => again.mutate(undefined)} loading={again.isPending}>Send again</Button>
        <Button size="xs" variant="default" onClick={dialog.open}>Delete…</Button>
      </Group>
      {again.isSuccess && <Text size="sm" role="status">The next crawl sends it again.</Text>}
      {again.isError && <ProblemNotice error={again.error} />}
      <ConfirmDanger opened={opened} onClose={dialog.close} title="Delete one item" verb="Delete the item" name={id} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate(undefined)}
        effect="It vanishes from Copilot’s answers. The inventory does not hear of it: as long as its record is at the source, Send again brings it back." />
    </>
  );
}
