import { Alert, Anchor, Box, Group, Loader, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react';
import { ProblemNotice } from '@/parts/problem-notice';
import { sentence } from '@/text/sentence';
import { ToneIcon } from '@/parts/state-pill';
import type { Check } from '../api';
import { outcomeOf, rowOf, type Outcome } from '../result';
import { SwitchCloud } from './switch-cloud';
import { ConsentButtons } from './consent-buttons';
import type { App } from './consent';

interface Props {
  checks?: Check[];
  permissions: string[];
  pending: boolean;
  error: unknown;
  app: App;
  onAgain: () => void;
  /** The consent was opened: from now on the check repeats itself. */
  onConsent: () => void;
  polling: boolean;
  /** The cloud that was tested, and what sets another one. */
  cloud: string;
  onCloud: (cloud: string) => void;
}

/** PermissionCheck is what a test found, row by row, and what to do about it. */
export function PermissionCheck(p: Props) {
  if (p.error && !p.pending) return <ProblemNotice error={p.error} what="The test could not be made." onRetry={p.onAgain} />;
  if (!p.checks) {
    return p.pending ? (
      <Group role="status"><Loader size="sm" /><Text size="sm">Asking Entra for a token…</Text></Group>
    ) : (
      <Text size="sm">Press Test. The check asks for a token, reads the permissions in it, and makes one read call. It changes nothing.</Text>
    );
  }
  const outcome = outcomeOf(p.checks, p.permissions, false);
  return (
    <Stack gap="sm">
      <div role="status"><Verdict outcome={outcome} /></div>
      <SwitchCloud checks={p.checks} cloud={p.cloud} onCloud={p.onCloud} />
      <Box component="ul" className="panel bare-list checks" aria-label="Checks">
        {p.checks.map((c) => <CheckRow key={c.name} check={c} permissions={p.permissions} />)}
      </Box>
      {(outcome.consent || p.polling) && <ConsentButtons app={p.app} missing={p.checks.filter((c) => c.result === 'missing' && p.permissions.includes(c.name)).map((c) => c.name)} onOpen={p.onConsent} onAgain={p.onAgain} pending={p.pending} polling={p.polling} />}
    </Stack>
  );
}

const looks = {
  ok: { color: 'green', Icon: IconCircleCheck },
  bad: { color: 'red', Icon: IconAlertTriangle },
  unknown: { color: 'gray', Icon: IconPlugConnectedX },
} as const;

export function Verdict({ outcome }: { outcome: Outcome }) {
  const { color, Icon } = looks[outcome.tone];
  return (
    <Alert color={color} variant="light" icon={<Icon aria-hidden color="var(--mantine-color-text)" />} title={outcome.title} styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      <Text size="sm" c="var(--mantine-color-text)">{sentence(outcome.text)}</Text>
    </Alert>
  );
}

/** CheckRow is one check: icon, name, what was found, its word, and the way out. */
export function CheckRow({ check, permissions }: { check: Check; permissions: string[] }) {
  const row = rowOf(check, permissions);
  return (
    <li>
      <ToneIcon tone={row.tone} />
      <div style={{ minWidth: 0 }}>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{row.name}</Text>
        {row.text && <Text size="xs" style={{ overflowWrap: 'anywhere' }}>{sentence(row.text)}</Text>}
        {row.fix && !row.ok && <Text size="xs" fw={600}>{sentence(row.fix)}</Text>}
        {row.link && !row.ok && <Anchor href={row.link} target="_blank" rel="noreferrer" size="xs">Where to do it</Anchor>}
      </div>
      <Text size="xs" fw={600} ta="right" maw={110}>{row.word}</Text>
    </li>
  );
}
