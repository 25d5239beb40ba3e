import { Group, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconHelpCircle,
  IconInfoCircle,
  IconPlayerPause,
  IconPlugConnectedX,
  IconProgress,
  IconShieldX,
  type TablerIcon,
} from '@tabler/icons-react';
import type { Token } from '@/theme/tokens';

/** How a state looks: the kind of thing that it is decides icon and colour, the word says which. */
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'still' | 'denied' | 'unreachable' | 'paused' | 'waiting' | 'active' | 'unknown';

const looks: Record<Tone, { icon: TablerIcon; color: Token }> = {
  ok: { icon: IconCircleCheck, color: 'ok' },
  warn: { icon: IconAlertTriangle, color: 'warn' },
  bad: { icon: IconCircleX, color: 'bad' },
  info: { icon: IconInfoCircle, color: 'info' },
  still: { icon: IconCircleDashed, color: 'still' },
  denied: { icon: IconShieldX, color: 'bad' },
  unreachable: { icon: IconPlugConnectedX, color: 'warn' },
  paused: { icon: IconPlayerPause, color: 'still' },
  waiting: { icon: IconClock, color: 'info' },
  active: { icon: IconProgress, color: 'info' },
  unknown: { icon: IconHelpCircle, color: 'still' },
};

/** ToneIcon is the icon of a tone alone, for rows that say the word elsewhere. */
export function ToneIcon({ tone, size = 18 }: { tone: Tone; size?: number }) {
  const { icon: Icon, color } = looks[tone];
  return <Icon size={size} color={`var(--hr-${color})`} aria-hidden style={{ flex: 'none' }} />;
}

/** StatePill shows a state by icon and word, never by colour alone. */
export function StatePill({ tone, word, size = 'sm' }: { tone: Tone; word: string; size?: 'xs' | 'sm' | 'md' }) {
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex">
      <ToneIcon tone={tone} size={size === 'md' ? 20 : 16} />
      <Text span size={size} fw={600}>{word}</Text>
    </Group>
  );
}
