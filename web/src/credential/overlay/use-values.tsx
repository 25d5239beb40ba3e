import { Button, Menu } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { draftOf, useCredentials, type Credential } from '../api';
import type { CredentialForm } from './use-credential-form';

/** UseValues copies the IDs (never the secret) of another credential: one app can serve both types. */
export function UseValues({ form }: { form: CredentialForm }) {
  const query = useCredentials();
  const all = query.data ?? [];
  if (all.length === 0) return null;
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconCopy size={14} aria-hidden />} style={{ alignSelf: 'flex-start' }}>Use the values of…</Button>
      </Menu.Target>
      <Menu.Dropdown mah={280} style={{ overflowY: 'auto' }}>
        {all.map((c) => (
          <Menu.Item key={c.id} onClick={() => form.setValues(idsOf(c))}>{c.name}</Menu.Item>
        ))}
        {query.hasNextPage && <Menu.Item closeMenuOnClick={false} disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load more…</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

/** idsOf gives who signs in where: everything that two credentials of one app share but the secret. */
function idsOf(c: Credential) {
  const { clientId, tenantId, cloud, login, graph, management, ca } = draftOf(c);
  return { clientId, tenantId, cloud, login, graph, management, ca };
}
