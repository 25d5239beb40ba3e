import { Button, Checkbox, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Dialog } from '@/parts/dialog';
import { ask, type Schemas } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { plural } from '@/number';
import { Loaded } from '@/parts/loaded';
import { ProblemNotice } from '@/parts/problem-notice';
import { When } from '@/time/when';
import { back, field, instant, keepsFor } from './window';
import { flowKeys } from './status';

interface Props {
  flow: string;
  opened: boolean;
  /** What the form begins with, RFC 3339; else the last 24 hours. */
  from?: string;
  to?: string;
  onClose: () => void;
}

/** Backfill asks for a piece of a flow's past, and says before what that means in windows. */
export function Backfill({ opened, onClose, ...rest }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} size="lg" title={`Backfill ${rest.flow}`}>
      <Form {...rest} onClose={onClose} />
    </Dialog>
  );
}

const spans = [{ label: 'Last 24 hours', days: 1 }, { label: 'Last 3 days', days: 3 }, { label: 'Last 7 days', days: 7 }];

function Form({ flow, from: first, to: last, onClose }: Omit<Props, 'opened'>) {
  const go = useNavigate();
  const [from, setFrom] = useState(() => (first ? field(first) : back(1, Date.now())));
  const [to, setTo] = useState(() => (last ? field(last) : ''));
  const [again, setAgain] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const asked = { from: instant(from), to: to ? instant(to) : undefined, again };
  const [body] = useDebouncedValue(JSON.stringify(asked), 300);
  const wrong = !asked.from ? 'Enter a time.' : asked.to && asked.to <= asked.from ? 'The end must be after the beginning.' : undefined;
  const plan = useQuery({
    queryKey: ['flows', 'backfill-plan', flow, body],
    queryFn: ({ signal }) => ask('POST', '/flows/{name}/backfill/plan', { path: { name: flow }, body: JSON.parse(body) as Schemas['FlowPlanBackfillBody'], signal }),
    enabled: !wrong,
    retry: false,
    placeholderData: keepPreviousData,
  });
  const start = useChange(() => ask('POST', '/flows/{name}/backfill', { path: { name: flow }, body: { from: asked.from!, to: asked.to, again }, idempotencyKey: `${key}-${body}` }), {
    stale: flowKeys,
    onDone: (run) => void go({ to: '/runs/$id', params: { id: run.id } }),
  });
  const missing = plan.data?.missing ?? 0;
  const ready = !wrong && missing > 0 && !plan.isPlaceholderData && body === JSON.stringify(asked); // the plan is of what stands in the form
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (ready) start.mutate(undefined); }}>
      <Stack>
        <Text size="sm">Fetches what was not delivered of a piece of time. What is delivered already stays as it is.</Text>
        <Group gap="xs">{spans.map((r) => <Button key={r.days} size="xs" variant="default" onClick={() => { setFrom(back(r.days, Date.now())); setTo(''); }}>{r.label}</Button>)}</Group>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput type="datetime-local" label="From (UTC)" value={from} onChange={(e) => setFrom(e.currentTarget.value)} error={wrong} required data-autofocus />
          <TextInput type="datetime-local" label="To (UTC)" description="Empty: until now" inputWrapperOrder={['label', 'input', 'description', 'error']} value={to} onChange={(e) => setTo(e.currentTarget.value)} />
        </SimpleGrid>
        <Checkbox label="Fetch what was delivered already, too" description="Writes it a second time. Use it when the destination lost data." checked={again} onChange={(e) => setAgain(e.currentTarget.checked)} />
        {!wrong && <Loaded query={plan} what="the plan" rows={1}>{(p) => <Plan plan={p} />}</Loaded>}
        {start.isError && <ProblemNotice error={start.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={!ready} loading={start.isPending}>{missing > 0 ? `Backfill ${plural(missing, 'window')}` : 'Nothing to backfill'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Plan({ plan: p }: { plan: Schemas['FlowBackfillPlan'] }) {
  return (
    <Stack gap={4} p="md" className="panel raised" role="status">
      <Text size="sm" fw={600}>{plural(p.windows, 'window')} ({plural(p.streams, 'stream')} × {p.hours} h): {p.missing} missing, {p.delivered} delivered already.</Text>
      {p.missing > 0 && p.recoverable_for && <Text size="sm">The oldest missing one can be had for {keepsFor(p.left_ns)} more.</Text>}
      {p.clamped && <Text size="sm">Microsoft keeps 7 days: what is older than <When at={p.from} show="absolute" fw={600} /> is left out.</Text>}
    </Stack>
  );
}
