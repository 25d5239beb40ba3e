import { Button, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';
import { readSession, sessionKey } from '@/api/session';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { Block } from '@/parts/block';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { Password } from '@/parts/password';
import { ProblemNotice } from '@/parts/problem-notice';
import { browserOf } from '@/text/browser';
import { When } from '@/time/when';

const shortest = 12;

/** Account changes one's own password and ends one's sessions. */
export function Account() {
  return <Stack gap="xl"><Block title="Password"><ChangePassword /></Block><Sessions /></Stack>;
}

const fields = ['old_password', 'password'] as const;

function ChangePassword() {
  const client = useQueryClient();
  const form = useForm({ initialValues: { old_password: '', password: '' }, validate: { old_password: (v) => (v ? null : 'Enter the password that you have now.'), password: (v) => (v.length >= shortest ? null : `Use at least ${shortest} characters; a sentence is good.`) } });
  const save = useMutation({
    mutationFn: async () => {
      await ask('PUT', '/session/password', { body: form.values });
      return readSession();
    },
    onSuccess: (now) => {
      client.setQueryData(sessionKey, now);
      void client.invalidateQueries({ queryKey: ['sessions'] });
      form.reset();
    },
    onError: (e) => form.setErrors(fieldErrors(e, fields).at),
  });
  return (
    <form noValidate onSubmit={form.onSubmit(() => save.mutate())}>
      <Stack maw={420}>
        <Password label="Password now" autoComplete="current-password" {...form.getInputProps('old_password')} />
        <Password shows="the new password" label="New password" description={`At least ${shortest} characters`} autoComplete="new-password" {...form.getInputProps('password')} />
        <FormProblem error={save.error} fields={fields} />
        <Group><Button type="submit" loading={save.isPending}>Change the password</Button><Text size="sm" role="status">{save.isSuccess && !form.isDirty() ? 'Changed. Your other sessions have ended.' : ''}</Text></Group>
      </Stack>
    </form>
  );
}

function Sessions() {
  const query = useQuery({ queryKey: ['sessions'], queryFn: ({ signal }) => ask('GET', '/sessions', { signal }) });
  const end = useChange((id: string) => ask('DELETE', '/sessions/{id}', { path: { id } }), { stale: [['sessions']] });
  const others = useChange(() => ask('POST', '/sessions/end-others'), { stale: [['sessions']] });
  const columns: Column<Schemas['SessionItem']>[] = [
    { key: 'where', head: 'Browser', cell: (s) => <Stack gap={0}><Text size="sm" title={s.agent}>{browserOf(s.agent ?? '') || 'Not told'}{s.current && <b> (this one)</b>}</Text><Text size="xs" c="dimmed">{s.address} · {s.method}</Text></Stack> },
    { key: 'seen', head: 'Last seen', cell: (s) => <When at={s.seen} /> },
    { key: 'expires', head: 'Ends', cell: (s) => <When at={s.expires} /> },
    { key: 'end', head: '', cell: (s) => (s.current ? null : <Button size="compact-xs" variant="default" onClick={() => end.mutate(s.id)} aria-label={`End the session of ${browserOf(s.agent ?? '')}`}>End</Button>) },
  ];
  return (
    <Block title="Sessions" text="Where you are signed in." aside={(query.data?.items.length ?? 0) > 1 && <Button variant="default" onClick={() => others.mutate(undefined)} loading={others.isPending}>End all others</Button>}>
      {(end.error ?? others.error) && <ProblemNotice error={end.error ?? others.error} />}
      <Loaded query={query} what="sessions">{({ items }) => (items.length > 0 ? <DataTable caption="Sessions" columns={columns} rows={items} rowKey={(s) => s.id} /> : <Text size="sm">You have no session: you came over the data folder’s socket.</Text>)}</Loaded>
    </Block>
  );
}
