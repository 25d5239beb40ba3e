import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { ProblemNotice } from './problem-notice';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What it does, in numbers. */
  effect: ReactNode;
  /** What must be typed; without it a click is enough. */
  name?: string;
  /** The verb on the button: "Remove contoso-audit". */
  verb: string;
  busy?: boolean;
  error?: unknown;
  onConfirm: () => void;
}

/** ConfirmDanger asks before what can't be undone. What is severe wants the thing's name typed. */
export function ConfirmDanger(p: Props) {
  return (
    <Modal opened={p.opened} onClose={p.onClose} title={p.title} centered closeButtonProps={{ 'aria-label': 'Close' }} styles={{ title: { fontWeight: 700 } }}>
      <Question {...p} />
    </Modal>
  );
}

function Question({ effect, name, verb, busy, error, onClose, onConfirm }: Props) {
  const [typed, type] = useState('');
  const agreed = !name || typed.trim() === name;
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (agreed) onConfirm();
      }}
    >
      <Stack>
        <Text size="sm" component="div">{effect}</Text>
        {name && <TextInput data-autofocus label={`Type ${name} to confirm`} value={typed} onChange={(e) => type(e.currentTarget.value)} autoComplete="off" spellCheck={false} />}
        {!!error && <ProblemNotice error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} {...(name ? {} : { 'data-autofocus': true })}>Cancel</Button>
          <Button type="submit" color="red.9" disabled={!agreed} loading={busy}>{verb}</Button>
        </Group>
      </Stack>
    </form>
  );
}
