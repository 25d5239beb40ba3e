import { Alert, Button, Checkbox, Code, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { cleanID, isGUID } from '@/credential/guid';
import { Block } from '@/parts/block';
import { LinkAnchor } from '@/parts/link';
import { ProblemNotice } from '@/parts/problem-notice';
import { StatePill } from '@/parts/state-pill';
import { aclSentences, grantsEveryone, type Entry } from './acl';
import { act, type Destination } from './act';

interface Answer {
  id: string;
  sees: boolean;
  why: string;
  unless?: string[];
  acl: Entry[] | null;
}

/** AccessTab tells who can see an item, and whether one person can. */
export function AccessTab({ destination: d }: { destination: Destination }) {
  const name = d.name;
  const [input, set] = useState({ id: '', user: '', groups: [] as string[], guest: false });
  const test = useMutation({ mutationFn: () => act<Answer>(name, 'access-test', { ...input, id: input.id.trim(), user: cleanID(input.user) }) });
  const [wrong, setWrong] = useState<string>();
  const answer = test.data;
  const ask = () => {
    const no = isGUID(cleanID(input.user)) ? undefined : 'This is no object ID, which is a GUID. An address finds nobody here: access lists hold object IDs.';
    setWrong(no);
    if (!no) test.mutate();
  };
  return (
    <Stack maw={640} gap="lg">
      <Rule destination={d} />
      <Block title="Can somebody see an item?" text="Read from its access list in the tenant. Graph tells headrace neither who a person is by their address nor in which groups they are: give IDs.">
        <form onSubmit={(e) => { e.preventDefault(); ask(); }}>
          <Stack>
            <TextInput data-filter label="Item" description="Its ID, or the key of the record that it was made of" required value={input.id} onChange={(e) => set({ ...input, id: e.currentTarget.value })} />
            <TextInput label="Person" description="Object ID in Entra, as on the person’s page in the Entra admin center; not an address" required value={input.user} error={wrong} onChange={(e) => { set({ ...input, user: e.currentTarget.value }); setWrong(undefined); }} />
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
      </Block>
    </Stack>
  );
}

/** Rule shows the program that makes each item's access list. An item that it gives none is refused, never sent. */
function Rule({ destination: d }: { destination: Destination }) {
  const program = (d.spec as { item?: { acl?: string } }).item?.acl ?? '';
  return (
    <Block title="The rule" text={<>Makes the access list of each item from its record. An item without one is refused, never sent. <LinkAnchor to="/destinations/$name" params={{ name: d.name }} search={{ edit: true }} size="sm">Edit</LinkAnchor></>}>
      <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{program}</Code>
      {grantsEveryone(program) && <Alert color="yellow" variant="outline" py="xs">It names everyone: what it gives so is visible to everybody in the tenant, guests too.</Alert>}
    </Block>
  );
}
