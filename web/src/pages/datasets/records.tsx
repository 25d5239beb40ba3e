import { Button, Grid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Block } from '@/parts/block';
import { Empty } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { RecordList } from '@/parts/record-list';
import { RecordView } from '@/record/record-view';
import { When } from '@/time/when';
import { samplesQuery } from '../flows/samples';
import { keptQuery, titleOf, type Dataset } from './api';

/** Shown is a record as both kinds of lists have it: kept ones, and those that were read just now. */
interface Shown {
  key?: string;
  time?: string;
  stream: string;
  body?: unknown;
  cut?: boolean;
}

/** Records shows the last records that are kept, newest on top; on demand those that the source has now. */
export function Records({ of: d, stream }: { of: Dataset; stream?: string }) {
  const [fresh, ask] = useState(false);
  return fresh ? <Fresh of={d} stream={stream} onBack={() => ask(false)} /> : <Kept of={d} stream={stream} onFresh={() => ask(true)} />;
}

const kept: Record<string, string> = {
  redacted: 'The last ones that went by, without what tells of a person.',
  whole: 'The last ones that went by, as they are.',
  schema: 'The source’s settings keep no records, only which fields there are.',
  off: 'The source’s settings keep nothing of its records.',
};

function Kept({ of: d, stream, onFresh }: { of: Dataset; stream?: string; onFresh: () => void }) {
  const [paused, pause] = useState(false);
  const query = useQuery(keptQuery(d.name, stream, paused));
  const aside = (
    <>
      <Button variant="default" aria-pressed={paused} onClick={() => pause(!paused)}>{paused ? 'Go on' : 'Pause'}</Button>
      <Button variant="default" onClick={onFresh}>Sample now</Button>
    </>
  );
  return (
    <Block title="Records" text={kept[d.kept]} aside={aside}>
      <Loaded query={query} what="the records" rows={6}>
        {(all) => (all.length > 0 ? <List all={all} /> : <Empty title="No record is kept" text={d.kept === 'redacted' || d.kept === 'whole' ? 'They come while a flow delivers, a few in a minute, and stay for 30 days at most.' : 'Sample now reads some, and keeps none.'} />)}
      </Loaded>
    </Block>
  );
}

function Fresh({ of: d, stream, onBack }: { of: Dataset; stream?: string; onBack: () => void }) {
  const query = useQuery(samplesQuery(d.name));
  const aside = (
    <>
      <Button variant="default" onClick={onBack}>Back to those that went by</Button>
      <Button variant="default" onClick={() => void query.refetch()} loading={query.isFetching}>Sample again</Button>
    </>
  );
  return (
    <Block title="Records" text="Read from the source just now; nothing of them is kept." aside={aside}>
      <Loaded query={query} what="records of the source" rows={6}>
        {(read) => {
          const wanted = read.filter((s) => !stream || s.stream === stream);
          if (read.length > 0 && wanted.length === 0) return <><Text size="sm">None of the {read.length} newest is of {stream}; these are of other streams.</Text><List all={read} /></>;
          return read.length > 0 ? <List all={wanted} /> : <Empty title="The source gave no records" text="It may have none yet: after a subscription starts, Microsoft says that the first data can take up to 12 hours." />;
        }}
      </Loaded>
    </Block>
  );
}

const idOf = (s: Shown) => `${s.stream} ${s.time} ${s.key}`;

function List({ all }: { all: Shown[] }) {
  const [id, pick] = useState<string>(); // a new record on top must not change what is being read
  const at = Math.max(0, all.findIndex((s) => idOf(s) === id));
  const one = all[at]!;
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 5 }}>
        <RecordList label="Records" rows={all} keyOf={(s, i) => `${i} ${idOf(s)}`} picked={at} onPick={(i) => pick(idOf(all[i]!))} title={(s) => titleOf(s.body, s.key)} more={(s) => <>{s.stream} · <When at={s.time} show="absolute" /></>} />
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 7 }}>
        <RecordView body={one.body} title={one.key || 'Record'} />
        {one.cut && <Text size="sm" mt="xs">Long texts in this record were shortened.</Text>}
      </Grid.Col>
    </Grid>
  );
}
