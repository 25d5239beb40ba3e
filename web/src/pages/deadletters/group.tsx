import { Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload, IconSend, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { usePages } from '@/api/pages';
import { useMay } from '@/api/session';
import { count, plural } from '@/number';
import { Loaded } from '@/parts/loaded';
import { ProblemNotice } from '@/parts/problem-notice';
import { RecordList } from '@/parts/record-list';
import { download } from '@/record/download';
import { When } from '@/time/when';
import { Bulk, type Verb } from './bulk';
import { GroupActions } from './group-actions';
import { LetterView } from './letter-view';
import type { Letter, LetterGroup } from './letters';
import { exported } from './work';

interface Props {
  group: LetterGroup;
  state?: string;
  letter?: string;
  onLetter: (id: string) => void;
}

const none: ReadonlySet<string> = new Set();

/** OneGroup shows the records that were refused for one reason; several of them can be chosen. */
export function OneGroup({ group, state, letter, onLetter }: Props) {
  const open = state ?? 'open';
  const may = useMay('operator') && open === 'open';
  const [chosen, choose] = useState(none);
  const query = usePages<Letter>(['letters', 'list', group.flow, group.group, open], '/dead-letters', { query: { flow: group.flow, group: group.group, state: open, newest: true } }, { limit: 50, refetchInterval: 15_000 });
  const toggle = (id: string) => choose((old) => (old.has(id) ? new Set([...old].filter((x) => x !== id)) : new Set([...old, id])));
  return (
    <Stack gap="md">
      {open === 'open' && <GroupActions group={group} />}
      <Loaded query={query} what="records">
        {(letters) => {
          const at = Math.max(0, letters.findIndex((l) => l.id === letter));
          const one = letters[at];
          if (!one) return <Text size="sm">None of these are left.</Text>;
          return (
            <Stack gap="md">
              <Stack gap="xs">
                <RecordList label={`Records of this group, ${count(group.count)}`} rows={letters} keyOf={(l) => l.id} picked={at} onPick={(i) => { onLetter(letters[i]!.id); if (i === letters.length - 1 && query.hasNextPage) void query.fetchNextPage(); }}
                  title={(l) => l.key || 'Record without a key'} more={(l) => <>{l.stream} · <When at={l.time} show="absolute" />{l.discard_reason && <> · {l.discard_reason}</>}</>} height={220} chosen={chosen} onChoose={may ? toggle : undefined} />
                {may && <Chosen ids={[...chosen]} shown={letters.map((l) => l.id)} onAll={() => choose(new Set([...chosen, ...letters.map((l) => l.id)]))} onNone={() => choose(none)} />}
              </Stack>
              <LetterView id={one.id} key={one.id} />
            </Stack>
          );
        }}
      </Loaded>
    </Stack>
  );
}

/** Chosen is what can be done with the records that were chosen. They stay chosen when newer ones push them off the part of the list that was read. */
function Chosen({ ids, shown, onAll, onNone }: { ids: string[]; shown: string[]; onAll: () => void; onNone: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null);
  const out = useMutation({ mutationFn: () => exported({ ids }), onSuccess: (text) => download('dead-letters-chosen.ndjson', text, 'application/x-ndjson') });
  return (
    <Group gap="xs">
      <Text size="sm" role="status">{ids.length > 0 ? `${plural(ids.length, 'record')} chosen` : 'None chosen'}</Text>
      {shown.some((id) => !ids.includes(id)) && <Button size="compact-sm" variant="default" onClick={onAll}>Choose all {count(shown.length)} shown</Button>}
      {ids.length > 0 && (
        <>
          <Button size="compact-sm" leftSection={<IconSend size={14} aria-hidden />} onClick={() => setVerb('replay')}>Replay {ids.length} chosen…</Button>
          <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => out.mutate()} loading={out.isPending}>Export {ids.length} chosen</Button>
          <Button size="compact-sm" variant="default" leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setVerb('discard')}>Discard {ids.length} chosen…</Button>
          <Button size="compact-sm" variant="subtle" onClick={onNone}>Choose none</Button>
        </>
      )}
      {out.isError && <ProblemNotice error={out.error} />}
      {verb && <Bulk verb={verb} filter={{ ids }} onClose={() => setVerb(null)} onDone={onNone} />}
    </Group>
  );
}
