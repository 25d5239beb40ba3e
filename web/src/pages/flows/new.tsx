import { Button, Checkbox, Group, Select, Stack, Textarea, TextInput, type SelectProps } from '@mantine/core';
import { useForm } from '@mantine/form';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { LinkAnchor } from '@/parts/link';
import { NamePick, useNames } from '@/parts/name-pick';
import { Page } from '@/parts/page';
import { useUsualMode } from './mode';
import { flowKeys } from './status';

const route = getRouteApi('/flows/new');
const fields = ['name', 'description', 'source', 'destination', 'mode'] as const;

/** NewFlow joins a source and a destination. */
export function NewFlow() {
  const begin = route.useSearch();
  const go = useNavigate();
  const [key] = useState(() => crypto.randomUUID());
  const form = useForm({
    initialValues: { name: '', description: '', source: begin.source ?? null, destination: begin.destination ?? null, mode: null as string | null, paused: false },
    validate: {
      name: (v: string) => (v.trim() ? null : 'Enter a name. It stands in addresses and commands.'),
      source: (v: string | null) => (v ? null : 'Pick what is read.'),
      destination: (v: string | null) => (v ? null : 'Pick where it goes.'),
    },
  });
  const v = form.values;
  const usual = useUsualMode(v.source ?? '', v.destination ?? '');
  const mode = v.mode ?? usual; // until somebody chooses one
  const make = useChange(() => ask('POST', '/flows', { body: { name: v.name.trim(), description: v.description.trim() || undefined, paused: v.paused, spec: { source: v.source, destination: v.destination, mode } }, idempotencyKey: key }), {
    stale: flowKeys,
    onDone: (flow) => void go({ to: '/flows/$name', params: { name: flow.name } }),
  });
  const said = make.isError ? fieldErrors(make.error, fields) : undefined;
  const at = (f: (typeof fields)[number]) => form.errors[f] ?? said?.at[f];
  return (
    <Page title="New flow" crumbs={[{ label: 'Flows', to: '/flows' }, { label: 'New flow' }]} width={640}>
      <form onSubmit={form.onSubmit(() => make.mutate(undefined))} noValidate>
        <Stack>
          <TextInput label="Name" withAsterisk description="How this flow is called everywhere: letters, digits, dots, dashes and underscores" {...form.getInputProps('name')} error={at('name')} autoComplete="off" />
          <Textarea label="Description" description="What it is for and who owns it" autosize minRows={2} {...form.getInputProps('description')} error={at('description')} />
          <Pick kind="sources" label="Source" {...form.getInputProps('source')} error={at('source')} />
          <Pick kind="destinations" label="Destination" {...form.getInputProps('destination')} error={at('destination')} />
          <Select label="Mode" description="append adds records; mirror makes the destination a copy of the source and deletes what is gone" data={['append', 'mirror']} allowDeselect={false} {...form.getInputProps('mode')} value={mode} error={at('mode')} />
          <Checkbox label="Start paused" description="Set its transform first; it delivers when you resume it." {...form.getInputProps('paused', { type: 'checkbox' })} />
          <FormProblem error={make.error} fields={fields} />
          <Group>
            <Button type="submit" loading={make.isPending}>Make the flow</Button>
            <LinkAnchor to="/flows" size="sm">Cancel</LinkAnchor>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

function Pick({ kind, ...input }: { kind: 'sources' | 'destinations' } & Omit<SelectProps, 'data'>) {
  const one = kind.slice(0, -1);
  const none = useNames(kind, undefined, '').data?.names.length === 0;
  return <NamePick kind={kind} withAsterisk allowDeselect={false} placeholder={`Pick a ${one}`} description={none ? <>There is no {one} yet. <LinkAnchor to={`/${kind}/new`} size="xs">New {one}</LinkAnchor></> : undefined} {...input} />;
}
