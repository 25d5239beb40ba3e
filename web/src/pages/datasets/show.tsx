import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { count, plural } from '@/number';
import { Block } from '@/parts/block';
import { Facts } from '@/parts/facts';
import { LinkAnchor } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { When } from '@/time/when';
import { datasetQuery, type Dataset } from './api';
import { DataSet } from './data-set';

const route = getRouteApi('/datasets/$name');

/** Show is the page of one data set. */
export function Show() {
  const { name } = route.useParams();
  const { stream } = route.useSearch();
  const go = route.useNavigate();
  const query = useQuery(datasetQuery(name));
  return (
    <Page title={name} crumbs={[{ label: 'Data sets', to: '/datasets' }, { label: name }]} text={query.data?.description}>
      <Loaded query={query} what="the data set" rows={6}>
        {(d) => (
          <Stack gap="xl">
            <About of={d} />
            <DataSet of={d} stream={stream} onStream={(s) => void go({ search: { stream: s }, replace: true })} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

/** keptWords say what the source's setting `samples` has us keep. */
const keptWords: Record<string, string> = {
  redacted: 'The last records, without what tells of a person',
  whole: 'The last records, as they are',
  schema: 'No records: only which fields there are',
  off: 'Nothing: records are not looked at',
};

function About({ of: d }: { of: Dataset }) {
  return (
    <Block title="Where it comes from, and who uses it">
      <div className="panel" style={{ padding: 16 }}>
        <Facts
          rows={[
            ['Source', <><LinkAnchor to="/sources/$name" params={{ name: d.name }}>{d.name}</LinkAnchor> ({d.connector})</>],
            ['Credential', d.credential && <LinkAnchor to="/credentials/$name" params={{ name: d.credential }}>{d.credential}</LinkAnchor>],
            ['Used by', <Users of={d} />],
            ['Looked at', <>{plural(d.records, 'record')} of {plural(d.streams.length, 'stream')}, the last one <When at={d.looked_at} none="not yet" /></>],
            ['Kept', keptWords[d.kept] ?? d.kept],
          ]}
        />
      </div>
    </Block>
  );
}

function Users({ of: d }: { of: Dataset }) {
  if (d.used_by.length === 0) return <>No flow, so nothing of it is read</>;
  return (
    <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
      {d.used_by.map((u) => (
        <li key={u.name}>
          <LinkAnchor to="/flows/$name" params={{ name: u.name }}>{u.name}</LinkAnchor>
          {u.transform_steps ? ` → ${plural(u.transform_steps, 'rule')}` : ''}
          {u.destination && <> → <LinkAnchor to="/destinations/$name" params={{ name: u.destination }}>{u.destination}</LinkAnchor></>}
          {u.mode === 'mirror' && ' (mirror)'}{u.paused && ', paused'}
        </li>
      ))}
      {d.uses > d.used_by.length && <li>and {count(d.uses - d.used_by.length)} more</li>}
    </ul>
  );
}
