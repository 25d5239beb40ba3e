import { Table, Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { count, plural } from '@/number';
import { Block } from '@/parts/block';
import { sentence } from '@/text/sentence';
import { useNow } from '@/time/use-now';
import { nameOfStep, tookOf } from './step';

type Step = Schemas['FlowRunStep'];

/** Steps shows what each step of a run has done. Fetching to committing go hand in hand, batch by batch: they share one time. */
export function Steps({ steps }: { steps: Step[] }) {
  const now = useNow(5_000);
  const together = steps.filter((s) => hand.includes(s.name)).length;
  const commit = steps.find((s) => s.name === 'commit');
  return (
    <Block title="Steps">
      <Table.ScrollContainer minWidth={720} className="panel" scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Steps of the run' } }}>
        <Table verticalSpacing="xs" horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr><Table.Th scope="col" w={120}>Step</Table.Th><Table.Th scope="col" w={210} ta="right">Done</Table.Th><Table.Th scope="col" w={130} ta="right">Took</Table.Th><Table.Th scope="col" w={110} ta="right">Tried again</Table.Th><Table.Th scope="col">Last error</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps.map((s) => (
              <Table.Tr key={s.name}>
                <Table.Th scope="row" fw={600}>{nameOfStep(s.name)}</Table.Th>
                <Table.Td ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>{plural(s.count, s.of.replace(/s$/, ''), s.of)}{extra(s)}</Table.Td>
                {!hand.includes(s.name) && <Table.Td ta="right">{tookOf(s, now)}</Table.Td>}
                {s.name === hand[0] && <Table.Td ta="right" rowSpan={together} style={{ verticalAlign: 'middle' }}>{commit && tookOf(commit, now)}{commit?.began && <Text size="xs" c="dimmed">together</Text>}</Table.Td>}
                <Table.Td ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>{s.retries ? plural(s.retries, 'time') : '–'}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{s.error ? sentence(s.error) : <Text span size="sm" c="dimmed">none</Text>}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Block>
  );
}

/** The steps that go hand in hand. */
const hand = ['fetch', 'transform', 'deliver', 'commit'];

function extra(s: Step) {
  const parts = [s.bad ? `${count(s.bad)} ${s.name === 'fetch' ? 'splits failed' : 'refused'}` : '', s.left_out ? `${count(s.left_out)} dropped by rules` : ''].filter(Boolean);
  return parts.length > 0 && <Text size="xs" c={s.bad ? 'var(--hr-warn)' : 'dimmed'} fw={s.bad ? 600 : 400}>{parts.join(', ')}</Text>;
}
