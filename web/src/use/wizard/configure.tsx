import { Alert, Paper, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { sentence } from '@/text/sentence';
import { fieldsOf } from '../api';
import { unsavedOf } from '../draft';
import { SettingsForm } from '../form/settings-form';
import { useStable } from '../use-stable';
import { settingsAt, useTold } from '../use-told';
import { Frame } from './frame';
import type { StepProps } from './wizard';

/** ConfigureStep is the name and the settings, made of what the connector says of itself, judged by the server while typed. */
export function ConfigureStep({ kind, connector, draft: { draft, change } }: StepProps) {
  const fields = fieldsOf(connector, kind);
  const told = useTold(kind, useStable(unsavedOf(connector.name, draft)), fields.map((f) => f.path));
  return (
    <Frame kind={kind} connector={connector} step="configure" onNext={told.showAll} nextDisabled={told.judgment.isPending}>
      <Paper className="panel" p={{ base: 'md', sm: 'lg' }} maw={760}>
        <Stack gap="md">
          <TextInput label="Name" withAsterisk data-field="name" autoComplete="off" description={`How this ${kind} is called everywhere: letters, digits, dots, dashes and underscores`} value={draft.name} onChange={(e) => change({ name: e.currentTarget.value })} onBlur={() => told.touch('name')} error={told.errors.name} />
          <Textarea label="Description" rows={2} value={draft.description} onChange={(e) => change({ description: e.currentTarget.value })} />
          <SettingsForm fields={fields} settings={draft.settings} onChange={(settings) => change({ settings })} errors={settingsAt(told.errors)} onTouch={(path) => told.touch(`spec.${path}`)} />
          {told.rest.length > 0 && (
            <Alert color="red" variant="outline" role="alert" title="This is in the way" styles={{ title: { color: 'var(--mantine-color-text)' } }}>
              {told.rest.map((p) => <Text key={p.field + p.text} size="sm">{p.field && <b>{p.field.replace(/^spec\./, '')} </b>}{sentence(p.text)}</Text>)}
            </Alert>
          )}
        </Stack>
      </Paper>
    </Frame>
  );
}
