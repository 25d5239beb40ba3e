import { ActionIcon, Button, Group, Input, Stack, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState } from 'react';

interface Props {
  label: string;
  description?: string;
  error?: string;
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
  onBlur: () => void;
  'data-field'?: string;
}

/** Pairs is the entry of a mapping: a name and a value each row. */
export function Pairs({ label, description, error, value, onChange, onBlur, 'data-field': field }: Props) {
  const id = useId();
  const last = useRef<HTMLInputElement>(null);
  const [added, add] = useState(0);
  useEffect(() => {
    if (added > 0) last.current?.focus(); // a row that was asked for is the next to be typed in
  }, [added]);
  const [rows, set] = useState<[string, string][]>(() => Object.entries(value).map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)]));
  const change = (next: [string, string][]) => {
    set(next);
    onChange(Object.fromEntries(next.filter(([k]) => k.trim() !== '').map(([k, v]) => [k.trim(), v])));
  };
  return (
    <Input.Wrapper label={label} description={description} error={error} errorProps={{ id: `${id}-error` }} labelElement="div" role="group" aria-label={label}>
      <Stack gap={6} mt={4}>
        {rows.map(([k, v], i) => (
          <Group key={i} gap={6} wrap="nowrap">
            <TextInput ref={i === rows.length - 1 ? last : undefined} aria-label={`Name ${i + 1}`} placeholder="title" value={k} onBlur={onBlur} onChange={(e) => change(rows.map((r, at) => (at === i ? [e.currentTarget.value, r[1]] : r)))} w={150} />
            <TextInput aria-label={`Value of ${k || i + 1}`} placeholder=".title" className="mono-input" flex={1} value={v} onBlur={onBlur} onChange={(e) => change(rows.map((r, at) => (at === i ? [r[0], e.currentTarget.value] : r)))} />
            <ActionIcon aria-label={`Remove ${k || `row ${i + 1}`}`} onClick={() => change(rows.filter((_, at) => at !== i))}><IconX size={16} aria-hidden /></ActionIcon>
          </Group>
        ))}
        <Button size="xs" variant="default" w="fit-content" leftSection={<IconPlus size={14} aria-hidden />} data-field={field} aria-describedby={error ? `${id}-error` : undefined} onClick={() => { set([...rows, ['', '']]); add((n) => n + 1); }}>Add</Button>
      </Stack>
    </Input.Wrapper>
  );
}
