import { Code, Grid, NavLink, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { Section } from '@/parts/section';
import { pretty } from '@/record/diff';
import { When } from '@/time/when';

/** Samples shows records, newest on top, one of them whole, and below what they have in common. */
export function Samples({ sampled, microsoft }: { sampled: Schemas['Sampled']; microsoft: boolean }) {
  const { records, schema } = sampled;
  const [at, pick] = useState(0);
  const record = records[Math.min(at, records.length - 1)];
  if (!record) return <Text size="sm">There is nothing to show: the source answered, and holds no records at the moment. {microsoft ? 'A new subscription of Microsoft’s can take up to 12 hours for its first content.' : 'What the settings leave out, and what is of a kind that can’t be read, is not there.'}</Text>;
  return (
    <Stack gap="md">
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <ScrollArea.Autosize mah={420} className="panel" type="auto">
            {records.map((r, i) => (
              <NavLink key={i} component="button" active={i === at} aria-pressed={i === at} onClick={() => pick(i)} label={r.key || `Record ${i + 1}`} description={<>{r.stream} · <When at={r.time} /></>} styles={{ label: { overflowWrap: 'anywhere' }, description: { color: 'inherit' } }} />
            ))}
          </ScrollArea.Autosize>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          <ScrollArea.Autosize mah={420} className="panel raised" type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'The record' }}>
            <Code block bg="transparent" fz={13}>{pretty(record.body)}</Code>
          </ScrollArea.Autosize>
        </Grid.Col>
      </Grid>
      <Section title="Schema">
        <Text size="sm">{schema.fields.length} fields in {schema.records} records{schema.cut ? ', the first ones' : ''}.</Text>
        <Table.ScrollContainer minWidth={560} mah={420} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Fields of the records' } }}>
          <Table verticalSpacing={6} stickyHeader>
            <Table.Thead><Table.Tr><Table.Th scope="col">Field</Table.Th><Table.Th scope="col">Type</Table.Th><Table.Th scope="col" ta="right">Present</Table.Th><Table.Th scope="col">Example</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {schema.fields.map((f) => (
                <Table.Tr key={f.path}>
                  <Table.Td className="mono">{f.path}</Table.Td>
                  <Table.Td>{f.types.join(' or ')}</Table.Td>
                  <Table.Td ta="right">{Math.round(f.present_percent)} %</Table.Td>
                  <Table.Td className="mono" maw={320} style={{ overflowWrap: 'anywhere' }}>{f.example}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Section>
    </Stack>
  );
}
