import './overview.css';
import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { plural } from '@/number';
import { Block } from '@/parts/block';
import { LinkButton } from '@/parts/link';
import { sentence } from '@/text/sentence';
import { ToneIcon, type Tone } from '@/parts/state-pill';
import { When } from '@/time/when';
import { wayOf, type Problem } from './way';

const tones: Record<string, { tone: Tone; word: string }> = { trouble: { tone: 'bad', word: 'Trouble' }, attention: { tone: 'warn', word: 'Attention' }, notice: { tone: 'info', word: 'Notice' } };

/** How many problems are shown before somebody asks for all. */
const first = 6;

/** Problems are what somebody should do something about, that with the least time left on top; each with its one action. */
export function Problems({ problems, more }: { problems: Problem[]; more: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? problems : problems.slice(0, first);
  const hidden = problems.length - shown.length;
  return (
    <Block title="What to do first">
      <ul className="bare-list panel">{shown.map((p, i) => <One key={p.code + p.kind + p.name + i} problem={p} filled={i === 0} />)}</ul>
      <Group gap="sm">
        {hidden > 0 && <Button size="xs" variant="default" onClick={() => setAll(true)}>Show {plural(hidden, 'more problem', 'more problems')}</Button>}
        {more > 0 && <Text size="sm">{plural(more, 'more problem is', 'more problems are')} of the same kinds.</Text>}
      </Group>
    </Block>
  );
}

function One({ problem: p, filled }: { problem: Problem; filled: boolean }) {
  const look = tones[p.severity] ?? { tone: 'unknown', word: p.severity };
  const way = wayOf(p);
  return (
    <li className="problem">
      <ToneIcon tone={look.tone} size={20} />
      <Stack gap={0} style={{ flex: '1 1 300px', minWidth: 0 }}>
        <Text size="sm" fw={600}>{look.word}: {sentence(p.title)}</Text>
        {p.detail && <Text size="sm" lineClamp={3} style={{ overflowWrap: 'anywhere' }}>{sentence(p.detail)}</Text>}
        {p.hint && <Text size="sm" lineClamp={3} style={{ overflowWrap: 'anywhere' }}>{sentence(p.hint)}</Text>}
        <Text size="xs" c="dimmed">{p.since && <>since <When at={p.since} /></>}{p.since && p.until && ' · '}{p.until && (p.code === 'dead_letters' ? <>kept until <When at={p.until} show="absolute" /></> : <b>too late <When at={p.until} /></b>)}</Text>
      </Stack>
      {way && <LinkButton size="xs" variant={filled ? 'filled' : 'default'} aria-label={`${p.action.label}: ${p.title}`} {...way}>{p.action.label}</LinkButton>}
    </li>
  );
}
