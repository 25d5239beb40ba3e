import { Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { usePages } from '@/api/pages';
import { useChange } from '@/api/use-change';
import { Block } from '@/parts/block';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { DataTable, type Column } from '@/parts/data-table';
import { Empty } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { When } from '@/time/when';
import { NewToken } from './new-token';

type Token = Schemas['Token'];

/** Tokens lists one's API tokens, makes and revokes them. */
export function Tokens() {
  const [making, dialog] = useDisclosure();
  const [gone, setGone] = useState<Token | null>(null);
  const query = usePages<Token>(['tokens'], '/tokens');
  const revoke = useChange((id: string) => ask('DELETE', '/tokens/{id}', { path: { id } }), { stale: [['tokens']], onDone: () => setGone(null) });
  const columns: Column<Token>[] = [
    { key: 'name', head: 'Name', cell: (t) => <Stack gap={0}><Text size="sm" fw={600}>{t.name}</Text><Text size="xs" c="dimmed">{t.owner}</Text></Stack> },
    { key: 'role', head: 'May do', cell: (t) => `${t.role}${t.scopes.length > 0 ? `: ${t.scopes.join(', ')}` : ', everything'}` },
    { key: 'used', head: 'Last used', cell: (t) => <><When at={t.used} none="never" />{t.used_from && <Text span size="xs" c="dimmed"> from {t.used_from}</Text>}</> },
    { key: 'expires', head: 'Ends', cell: (t) => <When at={t.expires} none="never" /> },
    { key: 'revoke', head: '', cell: (t) => <Button size="compact-xs" variant="default" onClick={() => setGone(t)} aria-label={`Revoke ${t.name}`}>Revoke…</Button> },
  ];
  return (
    <Block title="API tokens" text={<>For scripts: <code>Authorization: Bearer hrt_…</code>. A token may do what its scopes say, and never more than you.</>} aside={<Button onClick={dialog.open}>New token</Button>}>
      <Loaded query={query} what="tokens">
        {(all) => (all.length > 0 ? <DataTable caption="API tokens" columns={columns} rows={all} rowKey={(t) => t.id} minWidth={760} /> : <Empty title="No tokens yet" text="A token lets a script or the command line on another computer use the API."><Button onClick={dialog.open}>New token</Button></Empty>)}
      </Loaded>
      <NewToken opened={making} onClose={dialog.close} />
      <ConfirmDanger opened={!!gone} onClose={() => setGone(null)} title="Revoke a token" verb={`Revoke ${gone?.name}`} effect={`Scripts that use ${gone?.name} are refused at once. A revoked token never works again.`} busy={revoke.isPending} error={revoke.error} onConfirm={() => gone && revoke.mutate(gone.id)} />
    </Block>
  );
}
