import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { isCode } from '@/api/problem';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { Sheet } from '@/parts/dialog';
import { Loaded } from '@/parts/loaded';
import { NamePick } from '@/parts/name-pick';
import { editUse, fieldsOf, readUse, useConnector, usesKey, type Connector, type Spec, type Use } from './api';
import { specOf } from './draft';
import { patchOf, settingsOf, type Settings } from './form/values';
import { SettingsForm } from './form/settings-form';
import type { Kind } from './kind';
import { Overtaken } from './overtaken';
import { useStable } from './use-stable';
import { placesOf, settingsAt, useTold } from './use-told';

interface Props {
  kind: Kind;
  use: Use;
  opened: boolean;
  /** With the name, which may be a new one. */
  onClose: (name?: string) => void;
}

/** EditUse is the sheet with the settings of a source or destination. */
export function EditUse({ opened, onClose, ...props }: Props) {
  return (
    <Sheet opened={opened} onClose={() => onClose()} title={`Edit ${props.use.name}`}>
      {opened && <WithConnector onClose={onClose} {...props} />}
    </Sheet>
  );
}

function WithConnector(props: Omit<Props, 'opened'>) {
  const query = useConnector(props.use.connector);
  return <Loaded query={query} what="the connector">{(connector) => <EditForm connector={connector} {...props} />}</Loaded>;
}

/** What is typed. */
interface Typed {
  name: string;
  description: string;
  credential: string;
  settings: Settings;
}

function EditForm({ kind, use, onClose, connector }: Omit<Props, 'opened'> & { connector: Connector }) {
  const fields = fieldsOf(connector, kind);
  // The version that the change is made from stays what it was when the form was opened: a newer one must not be overwritten unseen.
  const [base, setBase] = useState(use);
  const typedOf = (u: Use): Typed => ({ name: u.name, description: u.description, credential: u.credential ?? '', settings: settingsOf(u.spec as Spec, fields) });
  const [edited, edit] = useState<Partial<Typed>>({});
  const typed = { ...typedOf(base), ...edited };
  const spec = specOf(use.connector, typed);
  const placed = ['credential', ...fields.map((f) => f.path)];
  const told = useTold(kind, useStable({ name: typed.name.trim(), spec, of: base.name }), placed);
  const save = useChange(
    (from: Use) => editUse(kind, from.name, from.revision, { rename: typed.name.trim() === from.name ? undefined : typed.name.trim(), description: typed.description.trim(), patch: patchOf(specOf(from.connector, typedOf(from)), spec) }),
    { stale: [usesKey(kind), ['yaml'], ['credentials'], ['flows']], onDone: (saved) => onClose(saved.name) },
  );
  const change = (part: Partial<Typed>) => {
    save.reset(); // what was refused is not what stands there now
    edit((old) => ({ ...old, ...part }));
  };
  const errors = { ...fieldErrors(save.error, placesOf(placed)).at, ...told.errors };
  const submit = async (from: Use) => {
    if (await told.showAll()) save.mutate(from);
  };
  if (save.isError && isCode(save.error, 'stale_revision')) {
    return (
      <Overtaken
        mine={spec}
        read={(signal) => readUse(kind, base.name, signal)}
        onTheirs={(now) => {
          save.reset();
          setBase(now);
          edit({});
        }}
        onMine={(now) => {
          setBase(now);
          save.mutate(now);
        }}
        onStay={() => save.reset()}
        busy={save.isPending}
      />
    );
  }
  return (
    <form
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        void submit(base);
      }}
    >
      <Stack gap="md">
        {base.owner !== 'ui' && <Text size="sm">This belongs to the file set {base.owner}: change its file and apply it again.</Text>}
        <TextInput label="Name" withAsterisk data-field="name" description="It can be renamed: what is remembered of it stays" value={typed.name} onChange={(e) => change({ name: e.currentTarget.value })} onBlur={() => told.touch('name')} error={errors.name} />
        <Textarea label="Description" rows={2} value={typed.description} onChange={(e) => change({ description: e.currentTarget.value })} />
        {connector.credential && <NamePick kind="credentials" among={{ type: use.connector }} label="Credential" value={typed.credential} allowDeselect={false} onChange={(v) => change({ credential: v ?? '' })} error={errors['spec.credential']} />}
        <SettingsForm fields={fields} settings={typed.settings} onChange={(s) => change({ settings: s })} errors={settingsAt(errors)} onTouch={(path) => told.touch(`spec.${path}`)} />
        <FormProblem error={save.error} fields={placesOf(placed)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onClose()}>Cancel</Button>
          <Button type="submit" loading={save.isPending}>Save</Button>
        </Group>
      </Stack>
    </form>
  );
}
