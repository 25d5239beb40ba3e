import { Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { Dialog } from '@/parts/dialog';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import type { Role } from '@/api/session';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { Password } from '@/parts/password';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';

type Person = Schemas['Account'];
const roles = [{ value: 'viewer', label: 'Viewer: sees everything but secrets' }, { value: 'operator', label: 'Operator: changes sources, destinations, flows' }, { value: 'admin', label: 'Administrator: credentials, people and keys too' }];
const key = [['users']];

/** Users lists who may sign in, for administrators. */
export function Users() {
  const [edited, edit] = useState<Person | 'new' | null>(null);
  const [gone, setGone] = useState<Person | null>(null);
  const query = usePages<Person>(['users'], '/users');
  const remove = useChange((p: Person) => ask('DELETE', '/users/{name}', { path: { name: p.name }, revision: p.revision }), { stale: key, onDone: () => setGone(null) });
  const columns: Column<Person>[] = [
    { key: 'name', head: 'Name', cell: (p) => <Stack gap={0}><Text size="sm" fw={600}>{p.name}</Text><Text size="xs" c="dimmed">{[p.display_name, p.email].filter(Boolean).join(' · ')}</Text></Stack> },
    { key: 'role', head: 'Role', cell: (p) => p.role },
    { key: 'state', head: 'State', cell: (p) => <StatePill tone={p.disabled ? 'paused' : 'ok'} word={p.disabled ? 'Disabled' : p.issuer ? `Signs in by ${p.issuer}` : 'May sign in'} /> },
    { key: 'in', head: 'Last signed in', cell: (p) => <When at={p.signed_in} none="never" /> },
    { key: 'do', head: '', cell: (p) => <Group gap={4} wrap="nowrap"><Button size="compact-xs" variant="default" onClick={() => edit(p)} aria-label={`Edit ${p.name}`}>Edit</Button><Button size="compact-xs" variant="default" onClick={() => setGone(p)} aria-label={`Remove ${p.name}`}>Remove…</Button></Group> },
  ];
  return (
    <Block title="Users" aside={<Button onClick={() => edit('new')}>New user</Button>}>
      <Loaded query={query} what="users">{(all) => <DataTable caption="Users" columns={columns} rows={all} rowKey={(p) => p.id} minWidth={760} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} />}</Loaded>
      <Dialog opened={!!edited} onClose={() => edit(null)} title={edited === 'new' ? 'New user' : `Edit ${edited?.name}`}>
        {edited && <Form person={edited === 'new' ? undefined : edited} onClose={() => edit(null)} />}
      </Dialog>
      <ConfirmDanger opened={!!gone} onClose={() => setGone(null)} title={`Remove ${gone?.name}`} name={gone?.name} verb={`Remove ${gone?.name}`} effect="Their sessions and tokens end at once. What they did stays in the audit log." busy={remove.isPending} error={remove.error} onConfirm={() => gone && remove.mutate(gone)} />
    </Block>
  );
}

const fields = ['name', 'display_name', 'email', 'role', 'password'] as const;

function Form({ person, onClose }: { person?: Person; onClose: () => void }) {
  const form = useForm({
    initialValues: { name: person?.name ?? '', display_name: person?.display_name ?? '', email: person?.email ?? '', role: (person?.role ?? 'viewer') as Role, disabled: person?.disabled ?? false, password: '' },
    validate: { name: (v) => (v.trim() ? null : 'Enter a name to sign in with.'), password: (v) => (person ? v !== '' && v.length < 12 : v.length < 12) ? 'Use at least 12 characters.' : null },
  });
  const save = useChange(async (v: typeof form.values) => {
    if (!person) return ask('POST', '/users', { body: { name: v.name.trim(), display_name: v.display_name, email: v.email, role: v.role, password: v.password } });
    const kept = await ask('PATCH', '/users/{name}', { path: { name: person.name }, body: { rename: v.name.trim() === person.name ? undefined : v.name.trim(), display_name: v.display_name, email: v.email, role: v.role, disabled: v.disabled }, revision: person.revision });
    if (v.password) await ask('PUT', '/users/{name}/password', { path: { name: kept.name }, body: { password: v.password } });
    return kept;
  }, { stale: key, onDone: onClose });
  const said = fieldErrors(save.error, fields).at;
  const at = (f: (typeof fields)[number]) => ({ ...form.getInputProps(f), error: form.errors[f] ?? said[f] });
  return (
    <form noValidate onSubmit={form.onSubmit((v) => save.mutate(v))}>
      <Stack>
        <TextInput label="Name" description="They sign in with it" withAsterisk data-autofocus {...at('name')} />
        <TextInput label="Display name" {...at('display_name')} />
        <TextInput label="Email" type="email" {...at('email')} />
        <Select label="Role" allowDeselect={false} data={roles} {...at('role')} />
        <Password label={person ? 'New password' : 'Password'} description={person ? 'Empty: it stays' : 'At least 12 characters'} autoComplete="new-password" {...at('password')} />
        {person && <Switch label="May not sign in" description="Nor may their tokens" {...form.getInputProps('disabled', { type: 'checkbox' })} />}
        <FormProblem error={save.error} fields={fields} />
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={save.isPending}>{person ? 'Save' : 'Make the user'}</Button></Group>
      </Stack>
    </form>
  );
}
