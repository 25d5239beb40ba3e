import { Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload, IconSend, IconTool, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { count, plural } from '@/number';
import { LinkButton } from '@/parts/link';
import { ProblemNotice } from '@/parts/problem-notice';
import { download } from '@/record/download';
import { Bulk, type Verb } from './bulk';
import { stages } from './group-list';
import type { LetterGroup } from './letters';
import { exported } from './work';

/** GroupActions are what can be done with all letters of one reason. */
export function GroupActions({ group }: { group: LetterGroup }) {
  const [verb, setVerb] = useState<Verb | null>(null);
  const may = useMay('operator');
  const filter = { flow: group.flow, group: group.group, state: 'open' as const };
  const out = useMutation({ mutationFn: () => exported(filter), onSuccess: (text) => download(`dead-letters-${group.flow}.ndjson`, text, 'application/x-ndjson') });
  return (
    <Stack gap="xs" className="panel raised" p="md">
      <Text size="sm"><b>{plural(group.count, 'record')} of {group.flow}.</b> {stages[group.stage] ?? group.stage} refused them: <span className="mono" style={{ overflowWrap: 'anywhere' }}>{group.reason}</span></Text>
      {group.hint && <Text size="sm" fw={600}>{group.hint}</Text>}
      <Group gap="xs">
        {may && <Button size="xs" leftSection={<IconSend size={14} aria-hidden />} onClick={() => setVerb('replay')}>Replay {count(group.count)}…</Button>}
        {may && group.stage === 'transform' && <LinkButton size="xs" variant="default" leftSection={<IconTool size={14} aria-hidden />} to="/flows/$name" params={{ name: group.flow }} search={{ tab: 'transform', letter: group.newest }}>Fix the rule</LinkButton>}
        <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => out.mutate()} loading={out.isPending}>Export</Button>
        {may && <Button size="xs" variant="default" leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setVerb('discard')}>Discard {count(group.count)}…</Button>}
      </Group>
      {out.isError && <ProblemNotice error={out.error} />}
      {verb && <Bulk verb={verb} filter={filter} onClose={() => setVerb(null)} />}
    </Stack>
  );
}
