import { Checkbox, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { count, plural } from '@/number';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { ProblemNotice } from '@/parts/problem-notice';
import { flowKeys, type FlowStatus } from './status';

/** RemoveFlow says in numbers what removing a flow does, asks for its name, and does it. */
export function RemoveFlow({ flow, opened, onClose }: { flow: FlowStatus; opened: boolean; onClose: () => void }) {
  const go = useNavigate();
  const [items, setItems] = useState(false);
  const path = { name: flow.name };
  const can = useQuery({
    queryKey: ['flows', 'removable', flow.name, flow.revision, items],
    queryFn: ({ signal }) => ask('DELETE', '/flows/{name}', { path, query: { dry_run: true, delete_items: items }, revision: flow.revision, signal }),
    enabled: opened,
    retry: false,
    gcTime: 0,
  });
  const remove = useChange(() => ask('DELETE', '/flows/{name}', { path, query: { delete_items: items }, revision: flow.revision }), {
    stale: flowKeys,
    onDone: (begun) => void (begun.crawl ? go({ to: '/runs/$id', params: { id: begun.crawl.id } }) : go({ to: '/flows' })),
  });
  return (
    <ConfirmDanger
      opened={opened}
      onClose={onClose}
      title={`Remove ${flow.name}`}
      name={flow.name}
      verb={items ? `Delete the items and remove ${flow.name}` : `Remove ${flow.name}`}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined)}
      effect={
        <Stack gap="sm">
          <Text size="sm">{effect(flow, items)}</Text>
          {flow.mode === 'mirror' && <Checkbox label={`Delete the items in ${flow.destination} first`} description="A run deletes them; the flow is gone when it has ended well." checked={items} onChange={(e) => setItems(e.currentTarget.checked)} />}
          {can.isError && <ProblemNotice error={can.error} what="It can't be removed as it is." />}
        </Stack>
      }
    />
  );
}

function effect(flow: FlowStatus, items: boolean): string {
  const { backlog: b, counts: c } = flow;
  const kept = flow.mode === 'mirror' && items ? `The items in ${flow.destination} vanish from Copilot's answers.` : `The ${count(c.delivered)} delivered records stay in ${flow.destination}.`;
  const lost = [b.pending > 0 && `${plural(b.pending, 'split')} not delivered yet`, flow.open_dead_letters > 0 && plural(flow.open_dead_letters, 'open dead letter')].filter(Boolean);
  return `${kept} ${lost.length > 0 ? `Forgotten for good: ${lost.join(' and ')}.` : 'Nothing waits to be delivered.'} What was delivered is no longer remembered, so a new flow begins anew.`;
}
