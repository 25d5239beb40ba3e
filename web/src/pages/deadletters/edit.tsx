import { Button, Group, Stack, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { call, Written } from '@/api/http';
import { useChange } from '@/api/use-change';
import { ProblemNotice } from '@/parts/problem-notice';
import JSONEditor from '@/record/editor';
import type { Letter } from './letters';
import { letterKeys } from './work';

/** Edit mends one record, and sends it again. */
export default function Edit({ letter, text, onClose }: { letter: Letter; text: string; onClose: () => void }) {
  const go = useNavigate();
  const [now, set] = useState(text);
  const wrong = problemIn(now);
  const path = { name: letter.id };
  const put = () => call<undefined>('PATCH', '/dead-letters/{name}', { path, body: new Written(`{"body":${now}}`) });
  const keep = useChange(put, { stale: letterKeys, onDone: onClose });
  const replay = useChange(
    async () => {
      await put();
      return ask('POST', '/dead-letters/replay', { body: { ids: [letter.id] } });
    },
    { stale: letterKeys, onDone: (runs) => runs.items[0] && void go({ to: '/runs/$id', params: { id: runs.items[0].id } }) },
  );
  return (
    <Stack gap="xs">
      <JSONEditor value={text} onChange={set} label={`Record of ${letter.id}`} />
      <Text size="sm" role="status" c={wrong ? 'var(--hr-error)' : undefined}>{wrong ?? 'The edited record replaces the one that is kept.'}</Text>
      {(keep.error ?? replay.error) && <ProblemNotice error={keep.error ?? replay.error} />}
      <Group>
        <Button disabled={!!wrong} loading={replay.isPending} onClick={() => replay.mutate(undefined)}>Save and replay</Button>
        <Button variant="default" disabled={!!wrong || now === text} loading={keep.isPending} onClick={() => keep.mutate(undefined)}>Save only</Button>
        <Button variant="default" onClick={onClose}>Cancel</Button>
      </Group>
    </Stack>
  );
}

/** problemIn says why a text is no record; undefined: it is one. */
function problemIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'A record is a JSON object.';
  } catch (e) {
    return `This is no JSON: ${e instanceof Error ? e.message : String(e)}`;
  }
}
