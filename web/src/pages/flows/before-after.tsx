import { Alert, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { DiffView } from '@/record/diff-view';
import { titleOf } from './samples';

const words: Record<string, string> = { passed: 'unchanged', changed: 'changed', dropped: 'dropped', refused: 'refused', not_tried: 'not tried' };

/** BeforeAfter shows what the rules make of one sample. */
export function BeforeAfter({ tried, keyed }: { tried: Schemas['FlowTried']; keyed: boolean }) {
  const [at, pick] = useState(0);
  const one = tried.records[Math.min(at, tried.records.length - 1)];
  if (!one) return <Text size="sm">{tried.mistakes.length > 0 ? 'A rule can’t be read; see what stands under it.' : 'There is nothing to show.'}</Text>;
  const data = tried.records.map((r, i) => ({ value: String(i), label: `${i + 1}. ${titleOf(r.before)} (${words[r.outcome] ?? r.outcome})` }));
  return (
    <Stack gap="xs">
      <Select label="Sample" data={data} value={String(Math.min(at, tried.records.length - 1))} onChange={(v) => pick(Number(v))} allowDeselect={false} searchable />
      {one.outcome === 'dropped' && <Text size="sm" fw={600}>Rule {(one.step ?? 0) + 1} drops this record.</Text>}
      {one.outcome === 'refused' && <Alert color="red" variant="outline" py="xs" title={one.step === undefined ? 'The destination would refuse it' : `Rule ${one.step + 1} refuses it`} styles={{ title: { color: 'var(--mantine-color-text)' } }}>{one.error} {one.hint && <b>{one.hint}</b>}</Alert>}
      {one.after.length > 1 && <Text size="sm">It becomes {one.after.length} records.</Text>}
      {(one.after.length > 0 ? one.after : [undefined]).map((after, i) => <DiffView key={i} left={one.before.body} right={one.outcome === 'passed' ? one.before.body : after} names={['Before', 'After']} />)}
      {keyed && one.prepared?.map((p) => <DiffView key={p.key} left={undefined} right={p.body} names={['Nothing', `Sent as ${p.key}`]} height={240} />)}
    </Stack>
  );
}
