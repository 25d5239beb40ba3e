import { Button, Menu } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useCredentials } from '../api';
import type { CredentialForm } from './use-credential-form';

/** UseValues copies the IDs (never the secret) of another credential: one app can serve both types. */
export function UseValues({ form }: { form: CredentialForm }) {
  const all = useCredentials().data ?? [];
  if (all.length === 0) return null;
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconCopy size={14} aria-hidden />} style={{ alignSelf: 'flex-start' }}>Use the values of…</Button>
      </Menu.Target>
      <Menu.Dropdown mah={280} style={{ overflowY: 'auto' }}>
        {all.slice(0, 100).map((c) => (
          <Menu.Item key={c.id} onClick={() => form.setValues({ clientId: c.client_id, tenantId: c.tenant_id, cloud: c.cloud || 'worldwide' })}>{c.name}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
