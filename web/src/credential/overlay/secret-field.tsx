import { Box, Button, Group, Input, SegmentedControl, Text, TextInput } from '@mantine/core';
import { useId, useState, type ClipboardEventHandler } from 'react';
import { Password } from '@/parts/password';
import { When } from '@/time/when';
import type { Credential } from '../api';

interface Props {
  by: 'value' | 'reference';
  onBy: (by: 'value' | 'reference') => void;
  /** A secret that is there and stays unless it is replaced. */
  kept?: Credential['secret'];
  value: object;
  reference: object;
  onPaste?: ClipboardEventHandler;
}

/** SecretField takes a client secret: its value, which goes to the vault, or a reference to where it stands. */
export function SecretField({ by, onBy, kept, value, reference, onPaste }: Props) {
  const id = useId();
  const [replacing, replace] = useState(false);
  const stored = kept?.state === 'stored' && by === 'value' && !replacing;
  return (
    <Box>
      <Group justify="space-between" mb={4}>
        <Input.Label htmlFor={id} required>Client Secret</Input.Label>
        <SegmentedControl size="xs" value={by} onChange={(v) => onBy(v as 'value' | 'reference')} aria-label="How the secret is given" data={[{ value: 'value', label: 'Value' }, { value: 'reference', label: 'Reference' }]} />
      </Group>
      {stored ? (
        <Group id={id} gap="sm" wrap="nowrap">
          <Text size="sm" flex={1}>•••••••• set <When at={kept.set} none="earlier" />{kept.fingerprint && <> · ends in {kept.fingerprint}</>}</Text>
          <Button size="xs" variant="default" onClick={() => replace(true)}>Replace</Button>
        </Group>
      ) : by === 'value' ? (
        <Password shows="the secret" id={id} data-field="secret" autoComplete="off" spellCheck={false} description="The Value, not the Secret ID. Stored encrypted; never shown again." onPaste={onPaste} {...value} />
      ) : (
        <TextInput id={id} data-field="reference" className="mono-input" autoComplete="off" spellCheck={false} placeholder="env:CONTOSO_AUDIT_SECRET" description="env:NAME, file:PATH or vault:PATH#FIELD, read on the server when it signs in" {...reference} />
      )}
    </Box>
  );
}
