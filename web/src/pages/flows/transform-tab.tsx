import { Alert, Button, Grid, Group, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, useBlocker } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { useMay } from '@/api/session';
import { Loaded } from '@/parts/loaded';
import { BeforeAfter } from './before-after';
import { LeaveUnsaved } from './leave';
import { Owned } from './owned';
import { RuleList } from './rule-list';
import { fieldErrors } from '@/form/problems';
import { rulesOf, stepsOf, sums, type Rule } from './rules';
import { samplesQuery } from './samples';
import { useSave } from './save';
import { SaveFailed } from './save-failed';
import { specOf, type FlowStatus, type Step } from './status';

const route = getRouteApi('/flows/$name');

/** TransformTab edits a flow's rules, and shows on real records what they make. */
export default function TransformTab({ flow }: { flow: FlowStatus }) {
  const { letter } = route.useSearch();
  const [base, setBase] = useState({ revision: flow.revision, steps: specOf(flow).transform });
  const [rules, setRules] = useState(() => rulesOf(base.steps));
  const steps = stepsOf(rules);
  const dirty = JSON.stringify(steps) !== JSON.stringify(base.steps ?? []);
  const load = (f: { revision: number; spec: unknown }) => {
    const found = specOf(f).transform;
    setBase({ revision: f.revision, steps: found });
    setRules(rulesOf(found));
  };
  if (!dirty && flow.revision > base.revision) load(flow);
  const save = useSave(flow.name, base.revision, load);
  const over = useSave(flow.name, flow.revision, (f) => { load(f); save.reset(); });
  const fields = rules.map((_, i) => `transform[${i}]`);
  const said = fieldErrors(save.error, fields).at;
  const change = (now: Rule[]) => {
    save.reset(); // what was refused is not what stands there now
    setRules(now);
  };
  const may = useMay('operator') && flow.owner === 'ui';
  const blocker = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: () => dirty, withResolver: true });
  return (
    <Stack gap="md">
      <Owned flow={flow} />
      <Tried flow={flow} steps={steps} letter={letter} rules={rules} said={fields.map((f) => said[f])} onRules={change} readOnly={!may} />
      <SaveFailed error={save.error} fields={fields} onTheirs={() => { load(flow); save.reset(); }} onMine={() => over.mutate({ patch: { transform: steps } })} busy={over.isPending} />
      {may && (
        <Group>
          <Button disabled={!dirty} loading={save.isPending} onClick={() => save.mutate({ patch: { transform: steps } })}>Save and apply from now</Button>
          <Button variant="default" disabled={!dirty} onClick={() => load(flow)}>Undo changes</Button>
          <Text size="sm" role="status">{dirty ? 'Not saved yet.' : save.isSuccess ? 'Saved. What is read from now on goes through these rules.' : ''}</Text>
        </Group>
      )}
      <LeaveUnsaved blocker={blocker} what={`The rules of ${flow.name}`} />
    </Stack>
  );
}

interface TriedProps {
  flow: FlowStatus;
  steps: Step[];
  letter?: string;
  rules: Rule[];
  /** What the server said of each when it refused to save them. */
  said: (string | undefined)[];
  onRules: (rules: Rule[]) => void;
  readOnly: boolean;
}

function Tried({ flow, steps, letter, rules, said, onRules, readOnly }: TriedProps) {
  const samples = useQuery({ ...samplesQuery(flow.source), enabled: !letter });
  const dead = useQuery({ queryKey: ['letters', 'one', letter], queryFn: ({ signal }) => ask('GET', '/dead-letters/{name}', { path: { name: letter! }, signal, exact: true }), enabled: !!letter, select: (l) => [{ key: l.key, stream: l.stream, time: l.time, body: l.body }] });
  const query = letter ? dead : samples;
  const records = query.data;
  const [text] = useDebouncedValue(JSON.stringify(steps), 400);
  const tried = useQuery({
    queryKey: ['transforms', 'try', flow.name, text, letter ?? samples.dataUpdatedAt],
    queryFn: ({ signal }) => ask('POST', '/transforms/try', { body: { transform: JSON.parse(text) as Step[], records, flow: flow.name, destination: flow.mode === 'mirror' ? flow.destination : undefined }, signal, exact: true }),
    // Mistakes are told without a record, too.
    enabled: !query.isPending && (!!records?.length || text !== '[]') && !text.includes(':""}'),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <RuleList rules={rules} onChange={onRules} tried={tried.data} said={said} readOnly={readOnly} />
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack gap="xs">
          {letter && <Alert variant="outline" color="blue" py="xs">The sample is the dead letter {letter}.</Alert>}
          <Loaded query={query} what="records of the source" rows={6}>
            {() => (records && records.length > 0 ? <Loaded query={tried} what="what the rules make" rows={6}>{(t) => <BeforeAfter tried={t} keyed={flow.mode === 'mirror'} />}</Loaded> : <Text size="sm">The source gave no records to try the rules on.</Text>)}
          </Loaded>
          <Group justify="space-between">
            <Text size="sm" fw={600} role="status">{tried.data && tried.data.mistakes.length === 0 ? sums(tried.data.sums) : ''}</Text>
            {!letter && <Button size="xs" variant="default" onClick={() => void samples.refetch()} loading={samples.isFetching}>Sample now</Button>}
          </Group>
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
