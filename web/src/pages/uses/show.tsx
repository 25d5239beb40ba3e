import { Alert, Anchor, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ProblemNotice } from '@/parts/problem-notice';
import { sentence } from '@/text/sentence';
import { Facts } from '@/parts/facts';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { Section } from '@/parts/section';
import { StatePill } from '@/parts/state-pill';
import { YAMLSection } from '@/parts/yaml-section';
import { keptBy } from '@/text/owner';
import { When } from '@/time/when';
import { UseActions } from '@/use/actions';
import { fieldsOf, useConnector, useSample, useUse, type Spec, type Use } from '@/use/api';
import { CheckList } from '@/use/check-list';
import { EditUse } from '@/use/edit';
import { defaultOf, settingsOf, wholeLabelOf } from '@/use/form/values';
import { words, type Kind } from '@/use/kind';
import { NamedActions } from '@/use/named-actions';
import { Samples } from '@/use/samples';
import { stateOf } from '@/use/state';
import { useTestUse } from '@/use/use-test';

/** UsePage is the page of one source or destination. */
export function UsePage({ kind, name, edit }: { kind: Kind; name: string; edit: boolean }) {
  const query = useUse(kind, name);
  const go = useNavigate();
  const test = useTestUse(kind, name);
  const to = kind === 'source' ? '/sources/$name' : '/destinations/$name';
  const editing = (on: boolean, now = name) => void go({ to, params: { name: now }, search: on ? { edit: true } : {}, replace: now !== name });
  const u = query.data;
  return (
    <Page
      title={name}
      crumbs={[{ label: words[kind].title, to: kind === 'source' ? '/sources' : '/destinations' }, { label: name }]}
      aside={u && <StatePill {...stateOf(u)} size="md" />}
      text={u?.description}
      actions={u && <UseActions kind={kind} use={u} test={test} onEdit={() => editing(true)} />}
    >
      <Loaded query={query} what={`the ${kind}`}>
        {(one) => (
          <Stack gap="lg">
            {one.reason && <Alert color="gray" variant="outline" icon={<IconPlayerPause aria-hidden />}>{one.paused ? `Paused: ${one.reason}` : sentence(one.reason)}</Alert>}
            {test.isError && <ProblemNotice error={test.error} what="The test could not be made." onRetry={() => test.mutate()} retrying={test.isPending} />}
            {test.data && <Section title="Test"><CheckList checks={test.data} /></Section>}
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Settings kind={kind} use={one} />
              <Stack>
                <UsedBy kind={kind} use={one} />
                <About use={one} />
              </Stack>
            </SimpleGrid>
            {kind === 'source' && <Records use={one} />}
            <NamedActions kind={kind} name={one.name} />
            <YAMLSection kind={kind} name={one.name} revision={one.revision} />
            <EditUse kind={kind} use={one} opened={edit} onClose={(now) => editing(false, now)} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Settings({ kind, use }: { kind: Kind; use: Use }) {
  const fields = fieldsOf(useConnector(use.connector).data, kind);
  const set = settingsOf(use.spec as Spec, fields);
  const rows = fields.filter((f) => set[f.path] !== undefined || f.default).map((f): [string, string] => [wholeLabelOf(f), told(set[f.path] ?? defaultOf(f)) + (set[f.path] === undefined ? ' (default)' : '')]);
  return (
    <Section title="Settings">
      <Facts
        rows={[
          ['Connector', use.connector],
          ['Credential', use.credential && <Anchor key="c" size="sm" component={Link} {...({ to: '/credentials/$name', params: { name: use.credential } } as object)}>{use.credential}</Anchor>],
          ...rows.slice(0, 16),
        ]}
      />
    </Section>
  );
}

const told = (v: unknown): string => (Array.isArray(v) ? v.map((x) => (typeof x === 'object' ? JSON.stringify(x) : String(x))).join(', ') : typeof v === 'object' ? JSON.stringify(v) : typeof v === 'boolean' ? (v ? 'yes' : 'no') : String(v));

function UsedBy({ kind, use }: { kind: Kind; use: Use }) {
  return (
    <Section title="Flows" actions={<Button size="compact-sm" variant="default" component={Link} {...({ to: '/flows/new', search: { [kind]: use.name } } as object)}>New flow</Button>}>
      {use.used_by.length === 0 && <Text size="sm">No flow uses it yet, so nothing moves.</Text>}
      {use.used_by.map((f) => <Anchor key={f} size="sm" component={Link} {...({ to: '/flows/$name', params: { name: f } } as object)}>{f}</Anchor>)}
    </Section>
  );
}

function About({ use }: { use: Use }) {
  return (
    <Section title="About">
      <Facts rows={[['Tenant', use.tenant], ['Kept by', keptBy(use.owner)], ['Made', <When key="m" at={use.created} show="both" />], ['Changed', <When key="u" at={use.updated} show="both" />], ['ID', use.id]]} />
    </Section>
  );
}

/** Records are fetched only when somebody asks: it costs calls to the remote. */
function Records({ use }: { use: Use }) {
  const [shown, show] = useState(false);
  return (
    <Section title="Records" actions={!shown && <Button size="compact-sm" variant="default" onClick={() => show(true)}>Sample now</Button>}>
      {shown ? <Fresh use={use} /> : <Text size="sm">Sample now reads the newest records that the source has, and shows what they look like. Nothing is kept of them.</Text>}
    </Section>
  );
}

function Fresh({ use }: { use: Use }) {
  const sample = useSample({ name: use.name, spec: use.spec as Spec, of: use.name });
  return (
    <>
      <Loaded query={sample} what="records">{(s) => <Samples sampled={s} microsoft={!!use.credential} />}</Loaded>
      {sample.data && <Group><Button size="xs" variant="default" loading={sample.isFetching} onClick={() => void sample.refetch()}>Sample again</Button></Group>}
    </>
  );
}
