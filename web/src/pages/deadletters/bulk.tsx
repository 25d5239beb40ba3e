import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Dialog } from '@/parts/dialog';
import { ask, type Schemas } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { plural, size } from '@/number';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { Loaded } from '@/parts/loaded';
import { ProblemNotice } from '@/parts/problem-notice';
import { letterKeys, type Filter } from './work';

export type Verb = 'replay' | 'discard';

/** Bulk says in numbers what would be touched before it does something to many letters. */
export function Bulk({ verb, filter, onClose, onDone }: { verb: Verb; filter: Filter; onClose: () => void; onDone?: () => void }) {
  const plan = useQuery({ queryKey: ['letters', 'plan', filter], queryFn: ({ signal }) => ask('POST', '/dead-letters/plan', { body: filter, signal }), staleTime: 'static', gcTime: 0 }); // asked once: it is not there any more when the letters are gone
  return verb === 'replay' ? <Replay plan={plan} filter={filter} onClose={onClose} /> : <Discard plan={plan} filter={filter} onClose={onClose} onDone={onDone} />;
}

interface Props {
  plan: ReturnType<typeof useQuery<Schemas['FlowLetterPlan']>>;
  filter: Filter;
  onClose: () => void;
}

function Replay({ plan, filter, onClose }: Props) {
  const go = useNavigate();
  const replay = useChange(() => ask('POST', '/dead-letters/replay', { body: filter, timeout: 120_000 }), {
    stale: letterKeys,
    onDone: (runs) => (runs.items.length === 1 ? void go({ to: '/runs/$id', params: { id: runs.items[0]!.id } }) : void go({ to: '/runs', search: { kind: 'replay' } })),
  });
  const n = (plan.data?.dead_letters ?? 0) - (plan.data?.lacking ?? 0);
  return (
    <Dialog opened onClose={onClose} title="Replay dead letters">
      <Stack>
        <Loaded query={plan} what="the plan" rows={1}>{(p) => <Told plan={p} text="go through their flow again, as it is now. What is refused again comes back here." />}</Loaded>
        {replay.isError && <ProblemNotice error={replay.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button disabled={n <= 0} loading={replay.isPending} onClick={() => replay.mutate(undefined)}>Replay {plural(n, 'record')}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** How long a reason may be. */
const longest = 500;

function Discard({ plan, filter, onClose, onDone }: Props & { onDone?: () => void }) {
  const [reason, setReason] = useState('');
  const discard = useChange(() => ask('POST', '/dead-letters/discard', { body: { ...filter, reason: reason.trim() || undefined }, timeout: 120_000 }), { stale: letterKeys, onDone: () => { onDone?.(); onClose(); } });
  const n = plan.data?.dead_letters ?? 0;
  return (
    <ConfirmDanger opened onClose={onClose} title="Discard dead letters" verb={`Discard ${plural(n, 'record')}`} busy={discard.isPending || plan.isPending} error={discard.error} onConfirm={() => n > 0 && discard.mutate(undefined)} name={n > 1 ? String(n) : undefined}
      effect={
        <Stack gap="sm">
          <Loaded query={plan} what="the plan" rows={1}>{(p) => <Told plan={p} text="are given up. They are never delivered; the list keeps for 30 days that they were there." />}</Loaded>
          <TextInput label="Reason" description="For those who look later: it stands in the list and in the audit log." maxLength={longest} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        </Stack>
      } />
  );
}

function Told({ plan: p, text }: { plan: Schemas['FlowLetterPlan']; text: string }) {
  return (
    <Stack gap={4}>
      <Text size="sm"><b>{plural(p.dead_letters, 'record')}</b> ({size(p.bytes)}) of {Object.keys(p.flows).join(', ')} {text}</Text>
      {p.lacking > 0 && <Text size="sm">{plural(p.lacking, 'record')} was not kept and can’t be replayed.</Text>}
    </Stack>
  );
}
