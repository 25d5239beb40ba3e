import { Button, Grid, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import { count } from '@/number';
import { Empty } from '@/parts/empty';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { RecordList } from '@/parts/record-list';
import type { Destination } from './act';
import { Item } from './item';

const route = getRouteApi('/copilot/$name');
const words: Record<string, string> = { sent: 'sent', sending: 'perhaps sent', failed: 'refused' };

/** ItemsTab lists what was sent, from the inventory: Graph itself can't list items. Any item is found by its ID. */
export function ItemsTab({ destination: d }: { destination: Destination }) {
  const { item, state } = route.useSearch();
  const go = route.useNavigate();
  const [q, type] = useState('');
  const query = usePages<Schemas['Item']>(['items', d.name, state], '/destinations/{name}/items', { path: { name: d.name }, query: { state } }, { limit: 200 });
  const open = (id?: string) => void go({ search: { tab: 'items', state, item: id }, replace: true });
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="sm">
        <form onSubmit={(e) => { e.preventDefault(); if (q.trim()) open(q.trim()); }}>
          <Group align="flex-end" gap="xs"><TextInput data-filter label="Item ID or key of the record" placeholder="policies/leave.md" value={q} onChange={(e) => type(e.currentTarget.value)} w={300} /><Button type="submit" variant="default">Find</Button></Group>
        </form>
        <SegmentedControl aria-label="State" value={state ?? 'all'} onChange={(v) => void go({ search: { tab: 'items', state: v === 'all' ? undefined : (v as typeof state) } })} data={[{ value: 'all', label: 'All' }, { value: 'sent', label: 'Sent' }, { value: 'sending', label: 'Perhaps sent' }, { value: 'failed', label: 'Refused' }]} />
      </Group>
      <Loaded query={query} what="items">
        {(items) => (
          <Grid gap="lg">
            <Grid.Col span={{ base: 12, md: 4 }}>
              {items.length > 0 ? <RecordList label="Items" rows={items} keyOf={(i) => i.id} picked={items.findIndex((i) => i.id === item)} onPick={(i) => open(items[i]!.id)} title={(i) => i.id} more={(i) => <>{words[i.state] ?? i.state}, crawl {i.crawl}{i.error && <>: {i.error}</>}</>} height={560} /> : <None state={state} more={query.hasNextPage} flow={d.used_by[0]} />}
              {items.length > 0 && <Text size="xs" c="dimmed" mt="xs" role="status">{count(items.length)} shown{query.hasNextPage ? ', there is more' : ''}</Text>}
              {query.hasNextPage && <Button mt="xs" size="xs" variant="default" onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>{items.length > 0 ? 'Load more' : 'Look further'}</Button>}
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 8 }}>{item ? <Item key={item} destination={d} id={item} onGone={() => open()} /> : <Text size="sm" c="dimmed">Pick an item to see its source record, what is sent of it, and what is in the tenant.</Text>}</Grid.Col>
          </Grid>
        )}
      </Loaded>
    </Stack>
  );
}

function None({ state, more, flow }: { state?: string; more: boolean; flow?: string }) {
  if (!state) return <Empty title="No items" text="Nothing was sent yet. The first crawl of its flow sends everything." />;
  return (
    <Empty title="No items" text={more ? 'None of those looked at so far is in this state.' : 'None is in this state.'}>
      {state === 'failed' && flow && <Text size="sm">What the mapping refuses never becomes an item: <LinkAnchor to="/deadletters" search={{ flow }} size="sm">dead letters of {flow}</LinkAnchor>.</Text>}
    </Empty>
  );
}
