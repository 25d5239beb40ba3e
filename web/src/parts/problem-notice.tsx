import { Alert, Anchor, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlugConnectedX, IconShieldX } from '@tabler/icons-react';
import { moreOf, problemOf, type Problem } from '@/api/problem';
import { sentence } from '@/text/sentence';
import { When } from '@/time/when';

interface Props {
  error: unknown;
  /** What could not be done, a whole sentence: "Credentials could not be loaded." Without it the problem's title leads. */
  what?: string;
  onRetry?: () => void;
  retrying?: boolean;
}

/** ProblemNotice says what happened, why, and what to do, with what support asks for. */
export function ProblemNotice({ error, what, onRetry, retrying }: Props) {
  const p = problemOf(error);
  const more = moreOf(p);
  const Icon = p.class === 'denied' ? IconShieldX : p.class === 'unavailable' ? IconPlugConnectedX : IconAlertTriangle;
  return (
    <Alert color="red" variant="outline" role="alert" icon={<Icon aria-hidden />} title={what ?? sentence(p.title)} styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Stack gap={6}>
        {what && !more.includes(p.title) && <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{sentence(p.title)}</Text>}
        {more && <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{sentence(more)}</Text>}
        <FieldList problem={p} />
        {p.hint && <Text size="sm" fw={600}>{sentence(p.hint)}</Text>}
        {p.retry_at && <Text size="sm">Worth trying again <When at={p.retry_at} />.</Text>}
        {p.docs && <Anchor href={p.docs} size="sm" target="_blank" rel="noreferrer">Where it is explained</Anchor>}
        <Group gap="sm" mt={4}>
          {onRetry && <Button size="xs" onClick={onRetry} loading={retrying}>Try again</Button>}
          <Reference problem={p} />
        </Group>
      </Stack>
    </Alert>
  );
}

function FieldList({ problem }: { problem: Problem }) {
  if (!problem.problems?.length) return null;
  return (
    <ul style={{ margin: 0, paddingInlineStart: 20 }}>
      {problem.problems.map((f) => (
        <li key={f.field + f.text}><Text size="sm">{f.field && <Code>{f.field}</Code>} {f.text}</Text></li>
      ))}
    </ul>
  );
}

function Reference({ problem: p }: { problem: Problem }) {
  const parts = [
    p.request_id && `Request ${p.request_id}`,
    p.upstream && [p.upstream.service, p.upstream.status, p.upstream.code, p.upstream.request_id].filter(Boolean).join(' '),
  ].filter(Boolean);
  return parts.length > 0 ? <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>{parts.join(' · ')}</Text> : null;
}
