import { Button, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { fieldErrors } from '@/form/problems';
import { LeaveUnsaved } from './leave';
import { Owned } from './owned';
import { useSave } from './save';
import { SaveFailed } from './save-failed';
import { editOf, valuesOf, type Values } from './settings';
import type { FlowStatus } from './status';

const fields = ['name', 'description', 'schedule.every', 'schedule.full', 'deletes', 'guard'] as const;

/** SettingsTab edits what a flow is. Its ends and its mode stay: what was delivered is remembered for them. */
export default function SettingsTab({ flow }: { flow: FlowStatus }) {
  const go = useNavigate();
  const may = useMay('operator') && flow.owner === 'ui';
  const [base, setBase] = useState({ revision: flow.revision, values: valuesOf(flow) });
  const form = useForm<Values>({ initialValues: base.values, validate: { name: (v) => (v.trim() ? null : 'Enter a name.') } });
  const load = (f: FlowStatus | Parameters<typeof valuesOf>[0]) => {
    setBase({ revision: f.revision, values: valuesOf(f) });
    form.setInitialValues(valuesOf(f));
    form.setValues(valuesOf(f));
  };
  const done = (f: Parameters<typeof valuesOf>[0]) => (f.name === flow.name ? load(f) : void go({ to: '/flows/$name', params: { name: f.name }, search: { tab: 'settings' }, ignoreBlocker: true }));
  const save = useSave(flow.name, base.revision, done);
  const over = useSave(flow.name, flow.revision, (f) => { save.reset(); done(f); });
  const dirty = form.isDirty();
  const blocker = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: () => dirty, withResolver: true });
  const said = fieldErrors(save.error, fields);
  const at = (f: (typeof fields)[number], as: string) => ({ ...form.getInputProps(as), error: form.errors[as] ?? said.at[f], readOnly: !may });
  return (
    <Stack gap="md" maw={640}>
      <Owned flow={flow} />
      <form noValidate onSubmit={form.onSubmit((v) => save.mutate(editOf(base.values, v)))}>
        <Stack>
          <TextInput label="Name" description="Renaming keeps what was delivered. Files and scripts must use the new name." {...at('name', 'name')} />
          <Textarea label="Description" autosize minRows={2} {...at('description', 'description')} />
          <Text size="sm">From <b>{flow.source}</b> to <b>{flow.destination}</b>, mode <b>{flow.mode}</b>. These stay; another way needs a new flow.</Text>
          {flow.mode === 'mirror' && (
            <>
              <Group grow align="flex-start">
                <TextInput label="Crawl every" description="Like 90m or 1h" {...at('schedule.every', 'every')} />
                <TextInput label="Read everything every" description="Like 24h or 7d" {...at('schedule.full', 'full')} />
              </Group>
              <Select label="Deletes" description="How the flow learns what is gone at the source" data={[{ value: 'absence', label: 'absence: what a complete crawl did not see' }, { value: 'tombstone', label: 'tombstone: what the source says is deleted' }, { value: 'never', label: 'never' }]} allowDeselect={false} {...at('deletes', 'deletes')} />
              <TextInput label="Guard" description="A crawl that would delete a larger part than this, and more than 10 items, waits for approval" {...at('guard', 'guard')} />
            </>
          )}
          <SaveFailed error={save.error} fields={fields} onTheirs={() => { save.reset(); load(flow); }} onMine={() => over.mutate(editOf(valuesOf(flow), form.values))} busy={over.isPending} />
          {may && (
            <Group>
              <Button type="submit" disabled={!dirty} loading={save.isPending}>Save</Button>
              <Text size="sm" role="status">{save.isSuccess && !dirty ? 'Saved.' : ''}</Text>
            </Group>
          )}
        </Stack>
      </form>
      <LeaveUnsaved blocker={blocker} what={`The settings of ${flow.name}`} />
    </Stack>
  );
}
