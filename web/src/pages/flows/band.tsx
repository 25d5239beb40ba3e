import './band.css';
import { Text } from '@mantine/core';
import { IconDatabaseExport, IconDatabaseImport, IconFilterCode, IconTable, type TablerIcon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { count, percent, plural } from '@/number';
import { LinkAnchor } from '@/parts/link';
import { ToneIcon } from '@/parts/state-pill';
import { sentence } from '@/text/sentence';
import { isTime } from '@/time/time';
import { When } from '@/time/when';
import { datasetQuery } from '../datasets/api';
import { specOf, type FlowStatus } from './status';

/** Band is the picture of a flow: four stations in order, each with how it stands. It is a list, and reads as one. */
export function Band({ flow }: { flow: FlowStatus }) {
  const listing = flow.listings[0];
  const listTrouble = flow.listings.find((l) => l.trouble)?.trouble;
  const laneTrouble = flow.lanes.find((l) => l.trouble)?.trouble;
  const steps = specOf(flow).transform ?? [];
  const { fields = 0, changes = 0 } = useQuery(datasetQuery(flow.source)).data ?? {};
  const here = { to: '/flows/$name', params: { name: flow.name } };
  const broken = listTrouble && listTrouble.class !== 'throttled' ? 'source' : laneTrouble && laneTrouble.class !== 'throttled' ? 'destination' : undefined;
  return (
    <ol className="band" aria-label="The way of the data">
      <Station icon={IconDatabaseExport} kind="Source" name={flow.source} to="/sources/$name" params={{ name: flow.source }} broken={broken === 'source'} partly={!!listTrouble?.streams?.length}>
        {listTrouble ? <>{listTrouble.streams?.length ? `${listTrouble.streams.join(', ')}: ` : ''}{sentence(listTrouble.title || listTrouble.text)}</> : isTime(listing?.listed) ? <>Listed <When at={listing.listed} /> · {plural(flow.counts.listed, 'split')}</> : 'Not listed yet'}
      </Station>
      <Station icon={IconTable} kind="Data set" name={fields ? plural(fields, 'field') : flow.counts.fetched > 0 ? `${count(flow.counts.fetched)} read` : 'Nothing read yet'} {...here} search={{ tab: 'dataset' }}>
        {flow.counts.fetched === 0 ? 'Fields are learned while records are read' : fields ? `${plural(flow.counts.fetched, 'record')} read, ${repeats(flow.counts)}` : repeats(flow.counts)}
        {changes > 0 && <>; {plural(changes, 'change')} of the schema in 7 days</>}
      </Station>
      <Station icon={IconFilterCode} kind="Transform" name={steps.length > 0 ? plural(steps.length, 'rule') : 'None: bytes stay as they came'} {...here} search={{ tab: 'transform' }}>
        {through(flow.counts)}
      </Station>
      <Station icon={IconDatabaseImport} kind="Destination" name={flow.destination} to="/destinations/$name" params={{ name: flow.destination }} broken={broken === 'destination'}>
        {laneTrouble ? sentence(laneTrouble.title || laneTrouble.text) : isTime(flow.counts.last) ? <>{count(flow.counts.delivered)} delivered, last <When at={flow.counts.last} /></> : 'Nothing delivered yet'}
      </Station>
    </ol>
  );
}

/** through says what became of the records on their way. */
const through = (c: FlowStatus['counts']): string =>
  c.fetched === 0 ? 'Nothing went through yet' : `${percent(c.dropped, c.fetched)} dropped · ${c.dead_letters > 0 ? `${percent(c.dead_letters, c.fetched)} refused` : 'none refused'}`;

const repeats = (c: FlowStatus['counts']): string => (c.repeats > 0 ? `${plural(c.repeats, 'repeat')} left out` : 'no repeats');

interface StationProps {
  icon: TablerIcon;
  kind: string;
  name: string;
  to: string;
  params: Record<string, string>;
  search?: Record<string, unknown>;
  broken?: boolean;
  /** Of a broken one: some of it works. */
  partly?: boolean;
  children: ReactNode;
}

function Station({ icon: Icon, kind, name, to, params, search, broken, partly, children }: StationProps) {
  return (
    <li className="panel station" data-broken={broken || undefined}>
      <span className="station-kind"><Icon size={16} aria-hidden /> {kind}</span>
      <LinkAnchor to={to} params={params} search={search} fw={650} size="sm" underline="hover">{name}</LinkAnchor>
      <Text size="xs" component="div" lineClamp={3}>{broken && <b><ToneIcon tone={partly ? 'warn' : 'bad'} size={14} /> {partly ? 'Stopped in part.' : 'Stopped.'} </b>}{children}</Text>
    </li>
  );
}
