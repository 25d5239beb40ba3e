import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ask } from '@/api/ask';
import { Empty } from '@/parts/empty';
import { LinkAnchor, LinkButton } from '@/parts/link';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { StatePill } from '@/parts/state-pill';
import { UrlTabs } from '@/parts/url-tabs';
import { AccessTab } from './access-tab';
import { connectionOf, connector, lookOfConnection, provisions, useFillingFlow, wireQuery, type Destination } from './act';
import { DoctorTab } from './doctor-tab';
import { GroupsTab } from './groups-tab';
import { ItemsTab } from './items-tab';
import { OverviewTab } from './overview-tab';
import type { CopilotTab } from './routes';
import { SchemaTab } from './schema-tab';
import { SettingsTab } from './settings-tab';

const route = getRouteApi('/copilot/$name');
const tabs = [{ key: 'overview', label: 'Overview' }, { key: 'schema', label: 'Schema' }, { key: 'items', label: 'Items' }, { key: 'access', label: 'Access' }, { key: 'groups', label: 'Groups' }, { key: 'doctor', label: 'Doctor' }, { key: 'settings', label: 'Settings' }] as const;

/** Connection is one connection's page. */
export function Connection() {
  const { name } = route.useParams();
  const { tab = 'overview' } = route.useSearch();
  const go = route.useNavigate();
  const query = useQuery({ queryKey: ['destinations', 'one', name], queryFn: ({ signal }) => ask('GET', '/destinations/{name}', { path: { name }, signal }) });
  const wire = useQuery({ ...wireQuery(name), enabled: query.data?.connector === connector });
  const flow = useFillingFlow(query.data);
  return (
    <Page title={name} crumbs={[{ label: 'Copilot connections', to: '/copilot' }, { label: name }]} aside={wire.data && <StatePill {...lookOfConnection(wire.data.state, provisions(flow.data))} size="md" />}
      text={query.data?.connector === connector && <Text size="sm">Connection <span className="mono">{connectionOf(query.data)}</span> · credential <LinkAnchor to="/credentials/$name" params={{ name: query.data.credential ?? '' }} size="sm">{query.data.credential}</LinkAnchor> · <LinkAnchor to="/destinations/$name" params={{ name }} size="sm">Mapping and settings</LinkAnchor></Text>}>
      <Loaded query={query} what="the connection">
        {(d) => d.connector !== connector ? (
          <Empty title={`${name} is no connection`} text={`It is a destination of the connector ${d.connector || 'that is not known here'}.`}><LinkButton variant="default" to="/destinations/$name" params={{ name }}>Open {name}</LinkButton></Empty>
        ) : (
          <UrlTabs<CopilotTab> tabs={tabs} value={tab} onPick={(t) => void go({ search: { tab: t === 'overview' ? undefined : t } })} label={`Parts of ${name}`}>
            <Open tab={tab} destination={d} />
          </UrlTabs>
        )}
      </Loaded>
    </Page>
  );
}

function Open({ tab, destination: d }: { tab: CopilotTab; destination: Destination }) {
  switch (tab) {
    case 'schema':
      return <SchemaTab name={d.name} />;
    case 'items':
      return <ItemsTab destination={d} />;
    case 'access':
      return <AccessTab destination={d} />;
    case 'groups':
      return <GroupsTab name={d.name} />;
    case 'doctor':
      return <DoctorTab name={d.name} />;
    case 'settings':
      return <SettingsTab destination={d} />;
  }
  return <OverviewTab destination={d} />;
}
