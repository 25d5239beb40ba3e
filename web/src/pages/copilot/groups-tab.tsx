import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { ProblemNotice } from '@/parts/problem-notice';
import { RecordView } from '@/record/record-view';
import { act } from './act';

/** GroupsTab keeps external groups: people that Entra does not know. Graph can list neither groups nor members, so one is named. */
export function GroupsTab({ name }: { name: string }) {
  const may = useMay('operator');
  const [id, setID] = useState('');
  const [group, setGroup] = useState({ displayName: '', description: '' });
  const [member, setMember] = useState({ id: '', type: 'user' });
  const [removing, setRemoving] = useState(false);
  const work = useMutation({ mutationFn: ({ action, input }: { action: string; input: object; said: string }) => act<unknown>(name, action, input), onSuccess: () => setRemoving(false) });
  const run = (action: string, input: object, said: string) => work.mutate({ action, input, said });
  const g = id.trim();
  return (
    <Stack gap="xl" maw={720}>
      <Group align="flex-end">
        <TextInput data-filter label="Group ID" description="Graph can’t list groups: name the one that you mean" value={id} onChange={(e) => setID(e.currentTarget.value)} style={{ flex: '1 1 260px' }} />
        <Button variant="default" disabled={!g} onClick={() => run('group-show', { id: g }, '')} loading={work.isPending && work.variables.action === 'group-show'}>Show</Button>
      </Group>
      {work.isError && <ProblemNotice error={work.error} />}
      <Text size="sm" role="status">{work.isSuccess ? work.variables.said : ''}</Text>
      {work.isSuccess && work.variables.action === 'group-show' && <RecordView title={`Group ${g}`} body={work.data} height={200} />}
      {may && (
        <>
          <Block title="Members">
            <Group align="flex-end">
              <TextInput label="ID of the member" value={member.id} onChange={(e) => setMember({ ...member, id: e.currentTarget.value })} style={{ flex: '1 1 260px' }} />
              <Select label="Kind" allowDeselect={false} data={[{ value: 'user', label: 'User' }, { value: 'group', label: 'Entra group' }, { value: 'externalGroup', label: 'External group' }]} value={member.type} onChange={(type) => setMember({ ...member, type: type ?? 'user' })} w={160} />
              <Button disabled={!g || !member.id.trim()} onClick={() => run('member-add', { group: g, ...member }, `${member.id} is in ${g}.`)}>Add</Button>
              <Button variant="default" disabled={!g || !member.id.trim()} onClick={() => run('member-remove', { group: g, ...member }, `${member.id} is no longer in ${g}.`)}>Take out</Button>
            </Group>
          </Block>
          <Block title="Make or delete">
            <Group align="flex-end">
              <TextInput label="Display name" value={group.displayName} onChange={(e) => setGroup({ ...group, displayName: e.currentTarget.value })} style={{ flex: '1 1 200px' }} />
              <TextInput label="Description" value={group.description} onChange={(e) => setGroup({ ...group, description: e.currentTarget.value })} style={{ flex: '1 1 200px' }} />
              <Button disabled={!g} onClick={() => run('group-create', { id: g, ...group }, `${g} is made.`)}>Make {g || 'the group'}</Button>
              <Button variant="default" disabled={!g} onClick={() => setRemoving(true)}>Delete {g || 'the group'}…</Button>
            </Group>
          </Block>
        </>
      )}
      <ConfirmDanger opened={removing} onClose={() => setRemoving(false)} title={`Delete the group ${g}`} name={g} verb={`Delete ${g}`} effect="Nobody sees an item by this group any more, at once. Items that only it made visible are visible to nobody." busy={work.isPending} error={work.error} onConfirm={() => run('group-delete', { id: g }, `${g} is deleted.`)} />
    </Stack>
  );
}
