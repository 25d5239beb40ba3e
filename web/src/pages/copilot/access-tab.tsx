import { Alert, Button, Checkbox, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ProblemNotice } from '@/parts/problem-notice';
import { StatePill } from '@/parts/state-pill';
import { act } from './act';
import { aclSentences, type Entry } from './acl';

interface Answer {
  id: string;
  sees: boolean;
  why: string;
  unless?: string[];
  acl: Entry[] | null;
}

/** AccessTab tells who can see an item, and whether one person can. */
export function AccessTab({ name }: { name: string }) {
  const [input, set] = useState({ id: '', user: '', groups: [] as string[], guest: false });
  const test = useMutation({ mutationFn: () => act<Answer>(name, 'access-test', { ...input, id: input.id.trim(), user: input.user.trim() }) });
  const answer = test.data;
  return (
    <Stack maw={640}>
      <Text size="sm">Can somebody see an item? Read from its access list in the tenant. Graph does not tell in which groups a person is, so say them.</Text>
      <form onSubmit={(e) => { e.preventDefault(); test.mutate(); }}>
        <Stack>
          <TextInput data-filter label="Item" description="Its ID, or the key of the record that it was made of" required value={input.id} onChange={(e) => set({ ...input, id: e.currentTarget.value })} />
          <TextInput label="Person" description="Object ID in Entra" required value={input.user} onChange={(e) => set({ ...input, user: e.currentTarget.value })} />
          <TagsInput label="Groups of the person" description="IDs of groups, of Entra and external ones; Enter adds one" value={input.groups} onChange={(groups) => set({ ...input, groups })} />
          <Checkbox label="The person is a guest" checked={input.guest} onChange={(e) => set({ ...input, guest: e.currentTarget.checked })} />
          <Group><Button type="submit" loading={test.isPending}>Can they see it?</Button></Group>
        </Stack>
      </form>
      {test.isError && <ProblemNotice error={test.error} />}
      {answer && (
        <Stack gap="xs" p="md" className="panel raised" role="status">
          <StatePill tone={answer.sees ? 'ok' : 'denied'} word={answer.sees ? 'Can see it' : 'Can’t see it'} size="md" />
          <Text size="sm">{answer.why}</Text>
          {!!answer.unless?.length && <Text size="sm">It would be otherwise if the person is in: <b>{answer.unless.join(', ')}</b>.</Text>}
          <Text size="sm" fw={600}>Who can see it</Text>
          <ul style={{ margin: 0 }}>{aclSentences(answer.acl ?? []).map((s) => <li key={s}><Text size="sm" style={{ overflowWrap: 'anywhere' }}>{s}</Text></li>)}</ul>
          {answer.acl?.some((e) => e.type === 'everyone' && e.accessType === 'grant') && <Alert color="yellow" variant="outline" py="xs">Everybody in the tenant can see it, guests too.</Alert>}
        </Stack>
      )}
    </Stack>
  );
}
