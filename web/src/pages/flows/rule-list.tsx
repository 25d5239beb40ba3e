import { ActionIcon, Button, Group, Menu, Stack, Text, Textarea } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { Schemas } from '@/api/ask';
import { errorLook } from '@/form/error-look';
import { added, kinds, moved, titles, type Rule } from './rules';

type Tried = Schemas['FlowTried'];

interface Props {
  rules: Rule[];
  onChange: (rules: Rule[]) => void;
  tried?: Tried;
  /** What the server said of each rule when it refused to save them. */
  said: (string | undefined)[];
  readOnly: boolean;
}

/** RuleList edits rules in their order. What is wrong with one, or what it refused, stands under it. */
export function RuleList({ rules, onChange, tried, said, readOnly }: Props) {
  return (
    <Stack gap="sm">
      {rules.length === 0 && <Text size="sm">No rules: records leave byte for byte as they came.</Text>}
      <ol className="bare-list" style={{ display: 'grid', gap: 12 }}>
        {rules.map((r, i) => <OneRule key={r.id} rule={r} at={i} last={i === rules.length - 1} tried={tried} said={said[i]} readOnly={readOnly} onText={(text) => onChange(rules.map((x) => (x.id === r.id ? { ...x, text } : x)))} onMove={(by) => onChange(moved(rules, i, by))} onRemove={() => onChange(rules.filter((x) => x.id !== r.id))} />)}
      </ol>
      {!readOnly && (
        <Menu position="bottom-start" width={320}>
          <Menu.Target><Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }}>Add a rule</Button></Menu.Target>
          <Menu.Dropdown>
            {kinds.map((k) => <Menu.Item key={k} onClick={() => onChange(added(rules, k))}><Text size="sm" fw={600}>{titles[k].title}</Text><Text size="xs" c="dimmed">{titles[k].text}</Text></Menu.Item>)}
          </Menu.Dropdown>
        </Menu>
      )}
    </Stack>
  );
}

interface OneProps {
  rule: Rule;
  at: number;
  last: boolean;
  tried?: Tried;
  said?: string;
  readOnly: boolean;
  onText: (text: string) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

function OneRule({ rule, at, last, tried, said, readOnly, onText, onMove, onRemove }: OneProps) {
  const { title, text, example } = titles[rule.kind];
  const name = `Rule ${at + 1}: ${title}`;
  const dropped = tried?.records.filter((r) => r.step === at && r.outcome === 'dropped').length ?? 0;
  const wrong = mistakeOf(rule, at, tried) ?? said;
  return (
    <li className="panel" style={{ padding: 12 }}>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Text size="sm" fw={600}>{name}</Text>
        {!readOnly && (
          <Group gap={2} wrap="nowrap">
            <ActionIcon aria-label={`Move rule ${at + 1} up`} disabled={at === 0} onClick={() => onMove(-1)}><IconArrowUp size={16} aria-hidden /></ActionIcon>
            <ActionIcon aria-label={`Move rule ${at + 1} down`} disabled={last} onClick={() => onMove(1)}><IconArrowDown size={16} aria-hidden /></ActionIcon>
            <ActionIcon aria-label={`Remove rule ${at + 1}`} onClick={onRemove}><IconTrash size={16} aria-hidden /></ActionIcon>
          </Group>
        )}
      </Group>
      <Textarea styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 }, error: errorLook(wrong) }} aria-label={name} description={text} placeholder={example} autosize minRows={1} maxRows={14} value={rule.text} readOnly={readOnly} onChange={(e) => onText(e.currentTarget.value)} error={wrong} spellCheck={false} autoCapitalize="off" autoCorrect="off" />
      {dropped > 0 && <Text size="xs" c="dimmed" mt={4}>Drops {dropped} of the samples.</Text>}
    </li>
  );
}

function mistakeOf(rule: Rule, at: number, tried?: Tried): string | undefined {
  if (rule.text.trim() === '') return 'Write what it does, or remove the rule.';
  const wrong = tried?.mistakes.filter((m) => m.step === at) ?? [];
  if (wrong.length > 0) return wrong.map((m) => m.text.charAt(0).toUpperCase() + m.text.slice(1)).join('\n');
  const refused = tried?.records.filter((r) => r.step === at && r.outcome === 'refused') ?? [];
  return refused.length > 0 ? `Refuses ${refused.length} of the samples: ${refused[0]!.error}` : undefined;
}
