import { Button, Code, Group, Text } from '@mantine/core';
import { Block } from '@/parts/block';
import { Empty } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { ToneIcon, type Tone } from '@/parts/state-pill';
import { When } from '@/time/when';
import { useChanges, type Change, type Dataset } from './api';

/** Changes is the log of what became different about the fields of records. */
export function Changes({ of: d, stream }: { of: Dataset; stream?: string }) {
  const query = useChanges(d.name, stream);
  return (
    <Block title="Changes" text="Fields that are new, that have another type, that are gone, or that are back; the newest first.">
      <Loaded query={query} what="the changes">
        {(all) => (all.length > 0 ? <List all={all} onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined} busy={query.isFetchingNextPage} /> : <Unchanged of={d} stream={stream} />)}
      </Loaded>
    </Block>
  );
}

function Unchanged({ of: d, stream }: { of: Dataset; stream?: string }) {
  const streams = d.streams.filter((s) => !stream || s.stream === stream);
  const learning = streams.length === 0 || streams.some((s) => s.learning);
  return (
    <Empty
      title="Nothing has changed"
      text={learning ? 'What is usual is still being learned: it takes a hundred records of a stream, of a day at least. What comes first after that is listed here.' : <>Nothing since the oldest record that was looked at, of <When at={d.first} show="absolute" />.</>}
    />
  );
}

function List({ all, onMore, busy }: { all: Change[]; onMore?: () => void; busy: boolean }) {
  return (
    <>
      <ul className="panel" style={{ margin: 0, padding: 0, listStyle: 'none' }}>
        {all.map((c) => (
          <li key={`${c.noticed_at} ${c.stream} ${c.kind} ${c.path}`} style={{ padding: '10px 16px' }}>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <ToneIcon tone={tones[c.kind] ?? 'info'} />
              <div style={{ minWidth: 0 }}>
                <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}><Sentence of={c} /></Text>
                <Text size="xs" c="dimmed" component="div">{c.stream} · noticed <When at={c.noticed_at} /></Text>
              </div>
            </Group>
          </li>
        ))}
      </ul>
      {onMore && <Group><Button size="xs" variant="default" onClick={onMore} loading={busy}>Load more</Button></Group>}
    </>
  );
}

const tones: Record<string, Tone> = { new: 'info', types: 'warn', gone: 'warn', back: 'ok' };

function Sentence({ of: c }: { of: Change }) {
  const path = <Code style={{ overflowWrap: 'anywhere' }}>{c.path}</Code>;
  const since = <When at={c.since} show="absolute" />;
  switch (c.kind) {
    case 'new':
      return <>New field {path} since {since}, in {c.present_percent} % of records</>;
    case 'types':
      return <>{path} is {c.types.join(' or ')} since {since}; it was {c.old_types?.join(' or ')}</>;
    case 'gone':
      return <>Field {path} is gone; the last record with it is of {since}</>;
    default:
      return <>Field {path} is back since {since}</>;
  }
}
