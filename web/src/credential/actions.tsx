import { ActionIcon, Button, Menu, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { credentialsKey, removeCredential, testCredential, type Credential } from './api';
import { Rotate } from './rotate';

interface Props {
  credential: Credential;
  onEdit: () => void;
  onRemoved?: () => void;
  onTested?: () => void;
  /** On its own page the usual ones are buttons. */
  wide?: boolean;
}

/** CredentialActions are what can be done with a credential: test, rotate, edit, copy its ID, delete. */
export function CredentialActions({ credential: c, onEdit, onRemoved, onTested, wide }: Props) {
  const [open, set] = useState<'rotate' | 'remove' | null>(null);
  const may = useMay('operator');
  const clipboard = useClipboard();
  const test = useChange(() => testCredential(c.name), { stale: [credentialsKey], onDone: onTested });
  const remove = useChange(() => removeCredential(c), { stale: [[...credentialsKey, 'list']], onDone: () => { set(null); onRemoved?.(); } });
  const used = c.used_by.length > 0;
  return (
    <>
      {wide && <Button variant="default" loading={test.isPending} disabled={!may} onClick={() => test.mutate(undefined)}>Test</Button>}
      {wide && <Button variant="default" disabled={!may} onClick={() => set('rotate')}>Rotate secret</Button>}
      {wide && <Button data-edit disabled={!may} onClick={onEdit}>Edit</Button>}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={`More about ${c.name}`} c="var(--mantine-color-text)" loading={!wide && test.isPending}><IconDots size={18} aria-hidden /></ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!wide && <Menu.Item disabled={!may} onClick={() => test.mutate(undefined)}>Test</Menu.Item>}
          {!wide && <Menu.Item disabled={!may} onClick={() => set('rotate')}>Rotate secret</Menu.Item>}
          {!wide && <Menu.Item disabled={!may} onClick={onEdit}>Edit</Menu.Item>}
          <Menu.Item closeMenuOnClick={false} onClick={() => clipboard.copy(c.id)}>{clipboard.copied ? 'Copied' : 'Copy ID'}</Menu.Item>
          <Menu.Item disabled={!may} c="var(--hr-bad)" onClick={() => set('remove')}>Delete</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Rotate credential={c} opened={open === 'rotate'} onClose={() => set(null)} />
      <ConfirmDanger
        opened={open === 'remove'}
        onClose={() => set(null)}
        title={`Delete ${c.name}?`}
        effect={used ? <>It is used by {c.used_by.map((u) => `${u.kind} ${u.name}`).join(', ')}. Change or remove {c.used_by.length === 1 ? 'it' : 'them'} first.</> : <Text size="sm">Its secret is erased here. In Entra nothing changes: delete the secret there too.</Text>}
        name={c.name}
        verb="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined)}
      />
    </>
  );
}
