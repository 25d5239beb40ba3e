import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { ProblemNotice } from './problem-notice';
import { Dialog } from './dialog';

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
  /** The verb that leaves everything as it is, where "Cancel" could mean the thing. */
  keep?: string;
  busy?: boolean;
  error?: unknown;
  onConfirm: () => void;
}

/** ConfirmDanger asks before what can't be undone. What is severe wants the thing's name typed. */
export function ConfirmDanger(p: Props) {
  return (
    <Dialog opened={p.opened} onClose={p.onClose} title={p.title}>
      <Question {...p} />
    </Dialog>
  );
}

function Question({ effect, name, verb, keep = 'Cancel', busy, error, onClose, onConfirm }: Props) {
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
          <Button variant="default" onClick={onClose} {...(name ? {} : { 'data-autofocus': true })}>{keep}</Button>
          <Button type="submit" color="red.9" disabled={!agreed} loading={busy}>{verb}</Button>
        </Group>
      </Stack>
    </form>
  );
}
