import { Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import { useMay } from '@/api/session';
import { Spark } from '@/chart/spark';
import type { Credential } from '@/credential/api';
import { count, plural } from '@/number';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { Section } from '@/parts/section';
import { StatePill, type Tone } from '@/parts/state-pill';
import { When } from '@/time/when';

type Past = Schemas['PastUse'];

/** History tells what was done with a credential: tests, new secrets, changes, sign-ins, and its use in hourly sums. */
export function History({ credential: c }: { credential: Credential }) {
  const may = useMay('operator');
  return (
    <Section title="History">
      {c.calls && <Text size="sm" component="div">Calls in the last 24 hours: <b>{count(c.calls.reduce((a, b) => a + b, 0))}</b> <Spark values={c.calls} width={160} label={`Calls in each of the last 24 hours: ${count(c.calls.at(-1))} in this one, ${count(Math.max(...c.calls))} at most`} /></Text>}
      {may ? <Entries name={c.name} /> : <Text size="sm">Your role is Viewer. The history needs Operator.</Text>}
    </Section>
  );
}

function Entries({ name }: { name: string }) {
  const query = usePages<Past>(['credentials', 'history', name], `/credentials/${encodeURIComponent(name)}/history`, {}, { limit: 20 });
  return (
    <Loaded query={query} what="the history" rows={3}>
      {(all) => (all.length > 0 ? <DataTable caption="What was done with the credential, the newest first" columns={columns} rows={all} rowKey={(p) => `${p.at} ${p.what} ${p.times}`} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} /> : <Text size="sm">Nothing was done with it yet.</Text>)}
    </Loaded>
  );
}

const words: Record<string, string> = { test: 'Tested', rotate: 'Secret replaced', add: 'Made', edit: 'Changed', 'sign-in': 'Signed in', use: 'Used', remove: 'Removed' };

/** look says how an entry ended. */
function look(p: Past): { tone: Tone; word: string } {
  if (p.result === 'ok') return (p.failed ?? 0) > 0 ? { tone: 'warn', word: `${count(p.failed)} of ${count(p.times)} failed` } : { tone: 'ok', word: 'Well' };
  return { tone: 'bad', word: p.result === 'checks_failed' ? 'Something is missing' : p.result.replaceAll('_', ' ') };
}

const columns: Column<Past>[] = [
  { key: 'at', head: 'When', width: 240, cell: (p) => <When at={p.at} show="absolute" size="sm" /> },
  { key: 'what', head: 'What', cell: (p) => <><b>{words[p.what] ?? p.what}</b>{p.times > 1 && ` ${plural(p.times, 'time')}`}{p.since && <> since <When at={p.since} show="absolute" /></>}</> },
  { key: 'who', head: 'By', cell: (p) => p.who || <Text span size="sm" c="dimmed">headrace</Text> },
  { key: 'result', head: 'How it ended', cell: (p) => <><StatePill {...look(p)} />{p.failed_checks && p.failed_checks.length > 0 && <Text size="xs" style={{ overflowWrap: 'anywhere' }}>{p.failed_checks.join(', ')}</Text>}</> },
];
