import { Badge, Button, Code, Group, ScrollArea, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { useMay } from '@/api/session';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { Sheet } from '@/parts/dialog';
import { pretty } from '@/record/diff';
import { sentence } from '@/text/sentence';
import { Section } from '@/parts/section';
import { act, useActions, usesKey } from './api';
import { SettingsForm } from './form/settings-form';
import { nested, type Settings } from './form/values';
import type { Kind } from './kind';

type Action = Schemas['Action'];

/** NamedActions are what a connector can do beside reading and writing, each with its typed input. */
export function NamedActions({ kind, name }: { kind: Kind; name: string }) {
  const actions = useActions(kind, name).data ?? [];
  const [open, set] = useState<Action | null>(null);
  const may = useMay('operator');
  if (actions.length === 0) return null;
  return (
    <Section title="Actions">
      <ul className="bare-list" style={{ display: 'grid', gap: 10 }}>
        {actions.map((a) => (
          <li key={a.name}>
            <Group justify="space-between" wrap="nowrap" align="flex-start">
              <div>
                <Group gap="xs"><Text size="sm" fw={600} className="mono">{a.name}</Text>{a.changes && <Badge size="sm" variant="light" color="gray" tt="none" c="var(--mantine-color-text)">Changes something there</Badge>}</Group>
                <Text size="sm">{sentence(a.summary)}</Text>
              </div>
              <Button size="compact-sm" variant="default" flex="none" disabled={!may} onClick={() => set(a)} aria-label={`Open ${a.name}`}>Open</Button>
            </Group>
          </li>
        ))}
      </ul>
      <Sheet opened={open !== null} onClose={() => set(null)} title={open?.name}>
        {open && <Run key={open.name} kind={kind} name={name} action={open} />}
      </Sheet>
    </Section>
  );
}

function Run({ kind, name, action }: { kind: Kind; name: string; action: Action }) {
  const client = useQueryClient();
  const [input, set] = useState<Settings>({});
  const run = useMutation({ mutationFn: () => act(kind, name, action.name, nested(input)), onSuccess: () => action.changes && void client.invalidateQueries({ queryKey: usesKey(kind) }) });
  const fields = (action.input ?? []).map((f) => f.path);
  const { at } = fieldErrors(run.error, fields);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        run.mutate();
      }}
    >
      <Stack>
        <Text size="sm">{sentence(action.summary)}</Text>
        <SettingsForm fields={action.input ?? []} settings={input} onChange={set} errors={at} onTouch={() => undefined} />
        <FormProblem error={run.error} fields={fields} />
        <Group><Button type="submit" loading={run.isPending}>Run</Button></Group>
        {run.isSuccess && (
          <ScrollArea.Autosize mah={480} className="panel raised" type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'The answer' }}>
            <Code block bg="transparent" fz={13}>{pretty(run.data) || 'Done.'}</Code>
          </ScrollArea.Autosize>
        )}
      </Stack>
    </form>
  );
}
