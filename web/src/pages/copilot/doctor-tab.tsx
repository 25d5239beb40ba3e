import './copilot.css';
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Loaded } from '@/parts/loaded';
import { ToneIcon, type Tone } from '@/parts/state-pill';
import { sentence } from '@/text/sentence';
import { actQuery } from './act';

interface Check {
  name: string;
  result: string;
  text: string;
  fix?: string;
  link?: string;
}

const looks: Record<string, { tone: Tone; word: string }> = {
  works: { tone: 'ok', word: 'Works' }, granted: { tone: 'ok', word: 'Granted' }, missing: { tone: 'bad', word: 'Missing' }, rejected: { tone: 'bad', word: 'Rejected' }, refused: { tone: 'denied', word: 'Refused' },
  not_needed: { tone: 'info', word: 'Not needed' }, unknown: { tone: 'unknown', word: 'Cannot tell' }, unreachable: { tone: 'unreachable', word: 'Cannot reach' },
};

/** DoctorTab looks for what keeps people from finding the content. */
export function DoctorTab({ name }: { name: string }) {
  const query = useQuery(actQuery<Check[]>(name, 'doctor'));
  return (
    <Stack gap="sm" maw={860}>
      <Group justify="space-between"><Text size="sm">What keeps people from finding the content, or Copilot from citing it.</Text><Button variant="default" size="xs" onClick={() => void query.refetch()} loading={query.isFetching}>Check again</Button></Group>
      <Loaded query={query} what="the checks" rows={6}>
        {(all) => (
          <ul className="bare-list panel">
            {all.map((c) => {
              const look = looks[c.result] ?? { tone: 'unknown', word: c.result };
              return (
                <li key={c.name} className="check">
                  <ToneIcon tone={look.tone} />
                  <div style={{ flex: 1, minWidth: 0 }}>
                    <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>{c.name}</Text>
                    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{sentence(c.text)}{c.fix && <b> {sentence(c.fix)}</b>} {c.link && <Anchor href={c.link} target="_blank" rel="noreferrer" size="sm">Open</Anchor>}</Text>
                  </div>
                  <Text size="xs" fw={600}>{look.word}</Text>
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
    </Stack>
  );
}
