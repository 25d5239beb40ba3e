import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty, NoMatch } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { ProblemNotice } from '@/parts/problem-notice';
import { StatePill } from '@/parts/state-pill';
import { download } from '@/record/download';
import { When } from '@/time/when';
import { Change } from './change';
import type { AuditSearch } from './routes';

type Entry = Schemas['AuditEntry'];
const route = getRouteApi('/audit');
const filters = [['who', 'Who', 'Account or token'], ['operation', 'Operation', 'flow or flow.pause'], ['object', 'Object', 'Name or ID'], ['result', 'Result', 'ok, failed, or a code']] as const;

/** AuditLog shows who changed what, from where, and what it was before. */
export function AuditLog() {
  const search = route.useSearch();
  const go = route.useNavigate();
  const [open, setOpen] = useState<Entry | null>(null);
  const query = usePages<Entry>(['audit', search], '/audit', { query: { ...search } }, { limit: 100 });
  const set = useDebouncedCallback((change: AuditSearch) => void go({ search: { ...search, ...change }, replace: true }), 300);
  const out = useMutation({ mutationFn: () => exported(search), onSuccess: (text) => download('audit-log.ndjson', text, 'application/x-ndjson') });
  const verify = useMutation({ mutationFn: () => ask('GET', '/audit/verify', { timeout: 120_000 }) });
  return (
    <Page title="Audit log" text="Every change, and every sign-in with a credential: who, what, from where, and what it was before. Secrets are never in it."
      actions={<><Button variant="default" onClick={() => verify.mutate()} loading={verify.isPending}>Verify</Button><Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => out.mutate()} loading={out.isPending}>Export</Button></>}>
      {(out.error ?? verify.error) && <ProblemNotice error={out.error ?? verify.error} />}
      {verify.data && <Text size="sm" role="status">{verify.data.entries} entries, from {verify.data.first} to {verify.data.last}; none was changed or taken out. The last one’s hash: <span className="mono" style={{ overflowWrap: 'anywhere' }}>{verify.data.hash}</span></Text>}
      <Group gap="sm">{filters.map(([name, label, hint], i) => <TextInput key={name} {...(i === 0 ? { 'data-filter': true } : {})} label={label} placeholder={hint} defaultValue={search[name]} onChange={(e) => set({ [name]: e.currentTarget.value || undefined })} w={190} />)}</Group>
      <Loaded query={query} what="the audit log">
        {(entries) =>
          entries.length > 0 ? (
            <DataTable caption="Audit log, newest first" columns={columns(setOpen)} rows={entries} rowKey={(e) => String(e.id)} minWidth={880} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} loadingMore={query.isFetchingNextPage} />
          ) : Object.values(search).some(Boolean) ? (
            <NoMatch text="No entry is like that." onClear={() => void go({ search: {} })} />
          ) : (
            <Empty title="Nothing was changed yet" text="The first change that somebody makes is written here." />
          )
        }
      </Loaded>
      <Change entry={open} onClose={() => setOpen(null)} />
    </Page>
  );
}

const columns = (open: (e: Entry) => void): Column<Entry>[] => [
  { key: 'at', head: 'When', cell: (e) => <When at={e.at} show="absolute" size="sm" /> },
  { key: 'who', head: 'Who', cell: (e) => <Stack gap={0}><Text size="sm">{e.who.name || e.who.kind}</Text><Text size="xs" c="dimmed">{[e.who.kind, e.from].filter(Boolean).join(' · ')}</Text></Stack> },
  { key: 'what', head: 'What', cell: (e) => <span className="mono">{e.operation}</span> },
  { key: 'object', head: 'Object', cell: (e) => (e.object ? [e.object.kind, e.object.name].filter(Boolean).join(' ') : '–') },
  { key: 'result', head: 'Result', cell: (e) => <StatePill tone={e.result === 'ok' ? 'ok' : 'warn'} word={e.times > 1 ? `${e.result}, ${e.times} times` : e.result} /> },
  { key: 'change', head: '', cell: (e) => (e.before !== undefined || e.after !== undefined ? <Button size="compact-xs" variant="default" onClick={() => open(e)} aria-label={`Before and after ${e.operation}`}>Before and after</Button> : null) },
];

async function exported(search: AuditSearch): Promise<string> {
  const lines: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await ask('GET', '/audit', { query: { ...search, after, limit: 1000 }, timeout: 120_000 });
    for (const e of page.items) lines.push(JSON.stringify(e));
    if (!page.next) return `${lines.join('\n')}\n`;
    after = page.next;
  }
}
