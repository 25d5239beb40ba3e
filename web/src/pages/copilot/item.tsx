import './copilot.css';
import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { Facts } from '@/parts/facts';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { ProblemNotice } from '@/parts/problem-notice';
import { StatePill } from '@/parts/state-pill';
import { DiffView } from '@/record/diff-view';
import { RecordView } from '@/record/record-view';
import { aclSentences } from './acl';
import { act, patience, type Destination } from './act';
import { aclOf, comparable, entryText, lookOf, reasonOf, type Part, type Whole } from './whole';

/** Item shows the source's record, what is made of it, and what the tenant has, with what differs. What can't be had says why. */
export function Item({ destination: d, id, onGone }: { destination: Destination; id: string; onGone: () => void }) {
  const item = useQuery({
    queryKey: ['copilot', d.name, 'item', id],
    queryFn: ({ signal }) => ask('GET', '/destinations/{name}/item', { path: { name: d.name }, query: { id }, signal, timeout: patience, exact: true }),
    staleTime: 30_000,
    retry: false,
  });
  return (
    <Loaded query={item} what="the item, its record and what the tenant has" rows={6}>
      {(w) => (
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap="md">
              <StatePill {...lookOf(w)} />
              {w.url && <Anchor href={w.url} target="_blank" rel="noreferrer" size="sm">Open its page</Anchor>}
              <Anchor component="button" type="button" size="sm" onClick={() => void item.refetch()} disabled={item.isFetching}>{item.isFetching ? 'Looking…' : 'Look again'}</Anchor>
            </Group>
            <Work destination={d} id={w.id || id} onGone={onGone} />
          </Group>
          <Facts rows={[['Inventory', entryText(w)], ['Source', w.source && <LinkAnchor to="/sources/$name" params={{ name: w.source }}>{w.source}</LinkAnchor>], ['Record', w.record?.key], ['Who can see it', aclOf(w) && aclSentences(aclOf(w)!).join(' ')]]} />
          {w.notes?.map((n) => <Text key={n} size="sm">{n}</Text>)}
          {w.record ? <RecordView title={`Source record ${w.record.key ?? ''}`} body={w.record.body} height={260} /> : <Why whole={w} part="record" what="No source record" />}
          {w.after !== undefined && <RecordView title="After the transform" body={w.after} height={200} />}
          <Sides whole={w} />
        </Stack>
      )}
    </Loaded>
  );
}

/** Sides compares what would be sent with what is in the tenant; of one that is missing it says why. */
function Sides({ whole: w }: { whole: Whole }) {
  if (w.made !== undefined && w.stored !== undefined) return <DiffView left={w.made} right={comparable(w.stored)} names={['From the record', 'In the tenant']} />;
  return (
    <>
      {w.made !== undefined ? <RecordView title="Would be sent" body={w.made} height={300} /> : w.record && <Why whole={w} part="made" what="Nothing would be sent" />}
      {w.stored !== undefined ? <RecordView title="Read back from the tenant" body={w.stored} /> : <Why whole={w} part="stored" what="Nothing was read back" />}
    </>
  );
}

function Why({ whole, part, what }: { whole: Whole; part: Part; what: string }) {
  const why = reasonOf(whole, part);
  return (
    <Alert color="gray" variant="outline" py="xs" title={what}>
      <Text size="sm">{why.reason}</Text>
      {why.hint && <Text size="sm" c="dimmed">{why.hint}</Text>}
    </Alert>
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
      {again.isSuccess && <Text size="sm" role="status">{again.data.known > 0 ? 'The next crawl sends it again.' : 'The inventory has no such item, so there is nothing to send again.'}</Text>}
      {again.isError && <ProblemNotice error={again.error} />}
      <ConfirmDanger opened={opened} onClose={dialog.close} title="Delete one item" verb="Delete the item" name={id} busy={remove.isPending} error={remove.error} onConfirm={() => remove.mutate(undefined)}
        effect="It vanishes from Copilot’s answers. The inventory does not hear of it: as long as its record is at the source, Send again brings it back." />
    </>
  );
}
