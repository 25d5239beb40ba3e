import { Button, Grid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { Empty } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { RecordList } from '@/parts/record-list';
import { Block } from '@/parts/block';
import { RecordView } from '@/record/record-view';
import { When } from '@/time/when';
import { samplesQuery, titleOf, type Sample } from '../flows/samples';
import { SchemaTable } from './schema-table';

/** DataSet is what a source yields as people see it: real records, and the fields that they have. */
export function DataSet({ source }: { source: string }) {
  const query = useQuery(samplesQuery(source));
  return (
    <Stack gap="xl">
      <Block title="Records" text="Read from the source just now; nothing of them is kept." aside={<Button variant="default" onClick={() => void query.refetch()} loading={query.isFetching}>Sample now</Button>}>
        <Loaded query={query} what="records of the source" rows={6}>
          {(all) => (all.length > 0 ? <Records all={all} /> : <Empty title="The source gave no records" text="It may have none yet: after a subscription starts, Microsoft says that the first data can take up to 12 hours." />)}
        </Loaded>
      </Block>
      {query.data && query.data.length > 0 && <Schema all={query.data} at={query.dataUpdatedAt} />}
    </Stack>
  );
}

function Records({ all }: { all: Sample[] }) {
  const [at, pick] = useState(0);
  const one = all[Math.min(at, all.length - 1)]!;
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 5 }}>
        <RecordList label="Sample records" rows={all} keyOf={(s, i) => `${i} ${s.key}`} picked={Math.min(at, all.length - 1)} onPick={pick} title={titleOf} more={(s) => <>{s.stream} · <When at={s.time} show="absolute" /></>} />
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 7 }}><RecordView body={one.body} title={one.key || 'Record'} /></Grid.Col>
    </Grid>
  );
}

function Schema({ all, at }: { all: Sample[]; at: number }) {
  const query = useQuery({ queryKey: ['schema', at], queryFn: ({ signal }) => ask('POST', '/schemas/infer', { body: { records: all.map((s) => s.body) }, signal }), staleTime: Infinity });
  return (
    <Block title="Schema" text={<Text span inherit>Inferred from {all.length} records. What tells of a person is taken out of the examples.</Text>}>
      <Loaded query={query} what="the schema">{(s) => <SchemaTable fields={s.fields} cut={s.cut} />}</Loaded>
    </Block>
  );
}
