import { Anchor, Group, SimpleGrid, Text } from '@mantine/core';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { CredentialActions } from '@/credential/actions';
import { useCredential, useHelp, type Credential } from '@/credential/api';
import { useCloudTitle } from '@/credential/clouds';
import { CheckRow, Verdict } from '@/credential/overlay/permission-check';
import { outcomeOf, permissionsOf } from '@/credential/result';
import { stateOf } from '@/credential/state';
import { Facts } from '@/parts/facts';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { sentence } from '@/text/sentence';
import { Section } from '@/parts/section';
import { StatePill } from '@/parts/state-pill';
import { YAMLSection } from '@/parts/yaml-section';
import { keptBy } from '@/text/owner';
import { dayOf } from '@/time/time';
import { When } from '@/time/when';
import { History } from './history';
import { EditOverlay } from './list';

/** CredentialPage tells whether a credential still works, what breaks if it ends, and how it is set. */
export function CredentialPage() {
  const { name } = useParams({ from: '/credentials/$name' });
  const { edit } = useSearch({ from: '/credentials/$name' });
  const go = useNavigate({ from: '/credentials/$name' });
  const query = useCredential(name);
  const c = query.data;
  const state = c && stateOf(c.state);
  const editing = (on: boolean) => void go({ search: { edit: on || undefined } });
  return (
    <Page
      title={name}
      crumbs={[{ label: 'Credentials', to: '/credentials' }, { label: name }]}
      aside={state && <StatePill tone={state.tone} word={state.word} size="md" />}
      text={c?.description}
      actions={c && <CredentialActions credential={c} wide onEdit={() => editing(true)} onRemoved={() => void go({ to: '/credentials' })} />}
    >
      <Loaded query={query} what="the credential">
        {(one) => (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Checked credential={one} />
              <Settings credential={one} />
            </SimpleGrid>
            <UsedBy credential={one} />
            <History credential={one} />
            <YAMLSection kind="credential" name={one.name} revision={one.revision} />
          </>
        )}
      </Loaded>
      {edit && <EditOverlay name={name} onClose={() => editing(false)} onSaved={(saved) => void go({ to: '/credentials/$name', params: { name: saved.name }, search: {} })} />}
    </Page>
  );
}

function Checked({ credential: c }: { credential: Credential }) {
  const permissions = permissionsOf(useHelp(c.type, c.cloud).data);
  return (
    <Section title="Permission check">
      {!c.test && <Text size="sm">Not tested since it was made or changed. Test asks for a token, reads the permissions in it, and makes one read call; it changes nothing.</Text>}
      {c.test && (
        <>
          <Text size="xs" role="status">Tested <When at={c.test.at} show="both" /></Text>
          <Verdict outcome={outcomeOf(c.test.checks, permissions, true)} />
          <ul className="panel bare-list checks" aria-label="Checks">{c.test.checks.map((row) => <CheckRow key={row.name} check={row} permissions={permissions} />)}</ul>
        </>
      )}
    </Section>
  );
}

function Settings({ credential: c }: { credential: Credential }) {
  const cloudTitle = useCloudTitle();
  return (
    <Section title="Settings">
      <Facts
        rows={[
          ['State', c.fact ? sentence(c.fact) : stateOf(c.state).word],
          ['Type', c.type],
          ['Cloud', cloudTitle(c.cloud)],
          ['Tenant ID', <span className="mono" key="t">{c.tenant_id}{c.tenant && c.tenant !== c.tenant_id ? ` (${c.tenant})` : ''}</span>],
          ['Client ID', <span className="mono" key="c">{c.client_id}</span>],
          ['Secret', <SecretFact key="s" credential={c} />],
          ['Secret ends', c.expires ? <>{dayOf(c.expires)} (<When at={c.expires} />)</> : 'Not known. Enter the date with Edit to be warned before.'],
          ['Kept by', keptBy(c.owner)],
          ['Made', <When key="m" at={c.created} show="both" />],
          ['Changed', <When key="u" at={c.updated} show="both" />],
        ]}
      />
    </Section>
  );
}

function SecretFact({ credential: c }: { credential: Credential }) {
  if (c.secret.state === 'reference') return <>from <span className="mono">{c.secret.reference}</span></>;
  if (c.secret.state === 'none') return <>none yet. Rotate gives it one.</>;
  return <>stored, set <When at={c.secret.set} />{c.secret.fingerprint && <> · fingerprint {c.secret.fingerprint}</>}</>;
}

const pages = { source: '/sources/$name', destination: '/destinations/$name' } as const;

function UsedBy({ credential: c }: { credential: Credential }) {
  return (
    <Section title="Used by">
      {c.used_by.length === 0 && <Text size="sm">Nothing uses it. It can be deleted.</Text>}
      {c.used_by.map((u) => (
        <Group key={u.id} gap="xs">
          <Text size="sm" c="dimmed" w={96}>{u.kind === 'source' ? 'Source' : 'Destination'}</Text>
          <Anchor size="sm" component={Link} {...({ to: pages[u.kind as keyof typeof pages], params: { name: u.name } } as object)}>{u.name}</Anchor>
        </Group>
      ))}
    </Section>
  );
}
