import { Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useState } from 'react';
import { callText } from '@/api/http';
import { useMay } from '@/api/session';
import { size } from '@/number';
import { lazyPart } from '@/parts/lazy';
import { LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { indented, memberOf, parsed } from '@/record/exact';
import { RecordView } from '@/record/record-view';
import { When } from '@/time/when';
import { Bulk, type Verb } from './bulk';
import type { Letter } from './letters';

const Edit = lazyPart(() => import('./edit'));

/** LetterView shows one dead letter: its record, what was wrong, and what can be done. */
export function LetterView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ['letters', 'written', id], queryFn: ({ signal }) => callText('GET', '/dead-letters/{name}', { path: { name: id }, signal }) });
  return <Loaded query={query} what="the record">{(written) => <One letter={parsed(written) as Letter} body={memberOf(written, 'body')} />}</Loaded>;
}

/** One shows a letter; body is its record as it is written, which is what is edited. */
function One({ letter, body }: { letter: Letter; body?: string }) {
  const may = useMay('operator') && letter.state === 'open';
  const [editing, setEditing] = useState(false);
  const [verb, setVerb] = useState<Verb | null>(null);
  return (
    <Stack gap="sm">
      <Text size="sm"><span className="mono" style={{ overflowWrap: 'anywhere' }}>{letter.id}</span> · {letter.state} · {size(letter.bytes)} · refused <When at={letter.created} show="both" /> · kept until <When at={letter.kept_until} show="absolute" /></Text>
      <Text size="sm" className="mono" style={{ overflowWrap: 'anywhere' }}>{letter.reason}</Text>
      {letter.hint && <Text size="sm" fw={600}>{letter.hint}</Text>}
      {letter.state === 'discarded' && <Text size="sm">Given up{letter.discarded_by && <> by <b>{letter.discarded_by}</b></>} <When at={letter.updated} />{letter.discard_reason ? <>: {letter.discard_reason}</> : ', without a reason'}</Text>}
      {may && (
        <Group gap="xs">
          <Button size="xs" onClick={() => setVerb('replay')}>Replay</Button>
          <Button size="xs" variant="default" onClick={() => setEditing(true)} disabled={editing}>Edit and replay</Button>
          {letter.stage === 'transform' && <LinkButton size="xs" variant="default" to="/flows/$name" params={{ name: letter.flow }} search={{ tab: 'transform', letter: letter.id }}>Fix the rule</LinkButton>}
          <Button size="xs" variant="default" onClick={() => setVerb('discard')}>Discard</Button>
        </Group>
      )}
      {editing ? (
        <Suspense fallback={<Skeleton height={320} />}><Edit letter={letter} text={letter.text ?? indented(body ?? '')} onClose={() => setEditing(false)} /></Suspense>
      ) : (
        <RecordView title={letter.key || 'Record'} body={letter.body ?? letter.text ?? 'The record was not kept.'} />
      )}
      {verb && <Bulk verb={verb} filter={{ ids: [letter.id] }} onClose={() => setVerb(null)} />}
    </Stack>
  );
}
