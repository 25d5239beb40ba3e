import { Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { plural } from '@/number';
import { Block } from '@/parts/block';
import { Empty } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { schemaQuery, type Dataset } from './api';
import { Changes } from './changes';
import { Records } from './records';
import { SchemaTable } from './schema-table';

interface Props {
  of: Dataset;
  stream?: string;
  onStream: (stream: string | undefined) => void;
}

/** DataSet is what a source yields as people see it: its records, the fields that they have, and what changed about these. */
export function DataSet({ of: d, stream, onStream }: Props) {
  return (
    <Stack gap="xl">
      {d.streams.length > 1 && (
        <Select label="Stream" data={[{ value: '', label: `All ${d.streams.length} streams` }, ...d.streams.map((s) => ({ value: s.stream, label: s.stream }))]} value={stream ?? ''} onChange={(s) => onStream(s || undefined)} allowDeselect={false} maw={360} />
      )}
      <Records of={d} stream={stream} />
      <Fields of={d} stream={stream} />
      <Changes of={d} stream={stream} />
    </Stack>
  );
}

function Fields({ of: d, stream }: { of: Dataset; stream?: string }) {
  const query = useQuery(schemaQuery(d.name, stream));
  return (
    <Block title="Schema" text={<Text span inherit>{query.data ? `${plural(query.data.fields.length, 'field')}, learned from ${plural(query.data.records, 'record')} that went by. ` : ''}What tells of a person is taken out of the examples.</Text>}>
      <Loaded query={query} what="the schema">
        {(s) => (s.fields.length > 0 ? <SchemaTable fields={s.fields} cut={s.cut} /> : <Empty title="No field is known yet" text="Fields are learned from the records that a flow delivers, within seconds of the first one." />)}
      </Loaded>
    </Block>
  );
}
