import { Button, Checkbox, Code, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Dialog } from '@/parts/dialog';
import { ask, type Schemas } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { count, plural } from '@/number';
import { Numbers } from '@/parts/numbers';
import { ProblemNotice } from '@/parts/problem-notice';
import { flowKeys } from './status';

/** How long a plan may take: it reads and compares everything. */
const patience = 10 * 60_000;

/** Crawl begins a mirror's crawl, or tells first what it would send. */
export function Crawl({ flow, opened, onClose }: { flow: string; opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} size="lg" title={`Run ${flow} now`}>
      <Form flow={flow} onClose={onClose} />
    </Dialog>
  );
}

function Form({ flow, onClose }: { flow: string; onClose: () => void }) {
  const go = useNavigate();
  const [all, setAll] = useState(false);
  const plan = useMutation({ mutationFn: () => ask('POST', '/flows/{name}/plan', { path: { name: flow }, body: { samples: 20 }, timeout: patience }) });
  const run = useChange(() => ask('POST', '/flows/{name}/run', { path: { name: flow }, body: { all } }), {
    stale: flowKeys,
    onDone: (begun) => (begun.crawl ? void go({ to: '/runs/$id', params: { id: begun.crawl.id } }) : onClose()),
  });
  return (
    <Stack>
      <Text size="sm">A crawl lists the whole source, sends what has changed, and deletes what is gone. What would delete too much waits for your approval.</Text>
      <Checkbox label="Read everything again, not only what has changed" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
      {plan.data && <Plan plan={plan.data} />}
      {(plan.error ?? run.error) && <ProblemNotice error={plan.error ?? run.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button variant="default" onClick={() => plan.mutate()} loading={plan.isPending}>{plan.data ? 'Look again' : 'What would it send?'}</Button>
        <Button onClick={() => run.mutate(undefined)} loading={run.isPending}>Run now</Button>
      </Group>
    </Stack>
  );
}

function Plan({ plan: p }: { plan: Schemas['EnginePlan'] }) {
  return (
    <Stack gap="xs" role="status">
      <Numbers label="What the crawl would do" facts={[
        { name: 'New', value: count(p.creates) }, { name: 'Changed', value: count(p.updates) }, { name: 'Deleted', value: count(p.deletes) },
        { name: 'Refused', value: count(p.refused) }, { name: 'Unchanged', value: count(p.unchanged), more: p.dropped > 0 ? `${plural(p.dropped, 'record')} dropped by rules` : undefined },
      ]} />
      {p.waits && <Text size="sm" fw={600}>{p.waits}</Text>}
      {p.doubt?.map((d) => <Text key={d} size="sm">{d}</Text>)}
      <ul style={{ margin: 0, paddingInlineStart: 20, maxHeight: 240, overflow: 'auto' }}>
        {p.samples?.map((s, i) => (
          <li key={i}>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}><b>{s.what}</b> {s.item && <Code>{s.item}</Code>} {s.why ?? s.record}{s.hint && <> <b>{s.hint}</b></>}</Text>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
