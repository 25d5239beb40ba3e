import { Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { DataTable, type Column } from '@/parts/data-table';
import { Loaded } from '@/parts/loaded';
import { plural } from '@/number';
import { StatePill, type Tone } from '@/parts/state-pill';
import { sentence } from '@/text/sentence';
import { act, actQuery, type Property } from './act';

/** What would become of the registered schema. */
interface Diff {
  registered: boolean;
  allowed: boolean;
  changes: { property: string; what: string; text: string; fix?: string; resend?: boolean }[] | null;
}

const yes = (v: boolean | undefined) => (v ? 'yes' : 'no');

const columns: Column<Property>[] = [
  { key: 'name', head: 'Property', cell: (p) => <b>{p.name}</b> },
  { key: 'type', head: 'Type', cell: (p) => p.type },
  { key: 's', head: 'Searchable', cell: (p) => yes(p.isSearchable) },
  { key: 'q', head: 'Queryable', cell: (p) => yes(p.isQueryable) },
  { key: 'r', head: 'Retrievable', cell: (p) => yes(p.isRetrievable) },
  { key: 'f', head: 'Refinable', cell: (p) => yes(p.isRefinable) },
  { key: 'labels', head: 'Labels', cell: (p) => p.labels?.join(', ') || '–' },
  { key: 'aliases', head: 'Aliases', cell: (p) => p.aliases?.join(', ') || '–' },
];

/** SchemaTab shows the schema in the tenant, and what registering the configured one would change. */
export function SchemaTab({ name }: { name: string }) {
  const schema = useQuery(actQuery<Property[] | null>(name, 'schema-show'));
  const diff = useQuery(actQuery<Diff>(name, 'schema-diff'));
  return (
    <Stack gap="xl">
      <Block title="Changes to register" text="What the settings say, held against what is registered. Microsoft lets properties be added, and some attributes be changed; nothing is ever removed.">
        <Loaded query={diff} what="the comparison" rows={2}>{(d) => <Changes name={name} diff={d} />}</Loaded>
      </Block>
      <Block title="Registered in the tenant">
        <Loaded query={schema} what="the schema">{(all) => (all && all.length > 0 ? <DataTable caption="Properties of the schema" columns={columns} rows={all} rowKey={(p) => p.name} minWidth={820} /> : <Text size="sm">No schema is registered yet. The flow registers it when it first runs, and items wait until Microsoft has provisioned it, usually 5 to 15 minutes.</Text>)}</Loaded>
      </Block>
    </Stack>
  );
}

const looks: Record<string, { tone: Tone; word: string }> = { added: { tone: 'ok', word: 'Added' }, applied: { tone: 'info', word: 'Changed' }, kept: { tone: 'still', word: 'Stays' }, refused: { tone: 'denied', word: 'Locked' } };

function Changes({ name, diff }: { name: string; diff: Diff }) {
  const [opened, dialog] = useDisclosure();
  const client = useQueryClient();
  const may = useMay('operator');
  const register = useChange(() => act(name, 'schema-register'), { stale: [], onDone: () => { dialog.close(); void client.invalidateQueries({ queryKey: ['copilot', name] }); } });
  const changes = diff.changes ?? [];
  if (changes.length === 0) return <StatePill tone="ok" word={diff.registered ? 'Nothing differs' : 'Nothing is registered yet'} />;
  const made = changes.filter((c) => c.what === 'added' || c.what === 'applied').length;
  return (
    <Stack gap="sm">
      <DataTable caption="Changes of the schema" rows={changes} rowKey={(c) => c.property + c.text} columns={[
        { key: 'p', head: 'Property', cell: (c) => <b>{c.property}</b> },
        { key: 'w', head: 'What', cell: (c) => <StatePill {...(looks[c.what] ?? { tone: 'unknown', word: c.what })} /> },
        { key: 't', head: 'Why', cell: (c) => <Text size="sm">{sentence(c.text)}{c.fix && <b> {sentence(c.fix)}</b>}{c.resend && ' Items are sent again after it.'}</Text> },
      ]} />
      {may && made > 0 && <Group><Button onClick={dialog.open} disabled={!diff.allowed}>Register {plural(made, 'change')}…</Button>{!diff.allowed && <Text size="sm">What is locked must be undone in the settings first.</Text>}</Group>}
      <ConfirmDanger opened={opened} onClose={dialog.close} title="Register the schema" verb={`Register ${plural(made, 'change')}`} effect="Microsoft provisions it for some minutes; items wait meanwhile. What is registered can’t be taken back." busy={register.isPending} error={register.error} onConfirm={() => register.mutate(undefined)} />
    </Stack>
  );
}
