import { ActionIcon, Button, Menu, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '@/api/session';
import { useChange } from '@/api/use-change';
import { ConfirmDanger } from '@/parts/confirm-danger';
import { pauseUse, removeUse, resumeUse, usesKey, type Use } from './api';
import type { Kind } from './kind';
import type { useTestUse } from './use-test';

interface Props {
  kind: Kind;
  use: Use;
  test: ReturnType<typeof useTestUse>;
  onEdit: () => void;
}

/** UseActions are what can be done with a source or destination. Pausing asks nothing: its undo stands in its place. */
export function UseActions({ kind, use, test, onEdit }: Props) {
  const may = useMay('operator');
  const go = useNavigate();
  const clipboard = useClipboard();
  const [removing, remove] = useState(false);
  const stale = [usesKey(kind), ['flows'], ['overview']];
  const turn = useChange(() => (use.paused ? resumeUse(kind, use.name) : pauseUse(kind, use.name, 'paused in the web UI')), { stale });
  const gone = useChange(() => removeUse(kind, use), { stale: [[...usesKey(kind), 'list'], ['overview'], ['credentials']], onDone: () => void go({ to: kind === 'source' ? '/sources' : '/destinations' }) });
  return (
    <>
      {turn.isError && <Text size="sm" c="var(--hr-bad)" role="alert">{turn.error.message}</Text>}
      <Button variant="default" disabled={!may} loading={test.isPending} onClick={() => test.mutate()}>Test</Button>
      <Button variant="default" disabled={!may} loading={turn.isPending} onClick={() => turn.mutate(undefined)}>{use.paused ? 'Resume' : 'Pause'}</Button>
      <Button data-edit disabled={!may} onClick={onEdit}>Edit</Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target><ActionIcon aria-label={`More about ${use.name}`} c="var(--mantine-color-text)"><IconDots size={18} aria-hidden /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item closeMenuOnClick={false} onClick={() => clipboard.copy(use.id)}>{clipboard.copied ? 'Copied' : 'Copy ID'}</Menu.Item>
          <Menu.Item disabled={!may} c="var(--hr-bad)" onClick={() => remove(true)}>Remove</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ConfirmDanger
        opened={removing}
        onClose={() => remove(false)}
        title={`Remove ${use.name}?`}
        effect={use.used_by.length > 0 ? `It is used by ${use.used_by.length === 1 ? 'the flow' : 'the flows'} ${use.used_by.join(', ')}. Remove ${use.used_by.length === 1 ? 'it' : 'them'} first.` : kind === 'source' ? 'What is remembered of it goes too: how far it was listed, and its coverage. What was delivered stays.' : 'What was delivered stays where it is.'}
        name={use.name}
        verb="Remove"
        busy={gone.isPending}
        error={gone.error}
        onConfirm={() => gone.mutate(undefined)}
      />
    </>
  );
}
