import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconKeyboard, IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { useSession } from '@/api/session';

const roles = { viewer: 'Viewer', operator: 'Operator', admin: 'Administrator' };

/** UserMenu says who is signed in, and signs out. */
export function UserMenu({ onKeys }: { onKeys: () => void }) {
  const user = useSession().data?.user;
  const out = useMutation({
    mutationFn: () => ask('DELETE', '/session'),
    // A page that is loaded anew holds nothing of the person who left.
    onSuccess: () => window.location.assign('/'),
  });
  return (
    <Menu position="bottom-end" width={240} withinPortal>
      <Menu.Target>
        <ActionIcon aria-label={user ? `Signed in as ${user.name}` : 'User menu'} c="var(--mantine-color-text)" loading={out.isPending}>
          <IconUserCircle size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {user && (
          <Menu.Label>
            <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>{user.displayName}</Text>
            <Text size="xs">{roles[user.role]}</Text>
          </Menu.Label>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={onKeys}>Keys</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => out.mutate()}>Sign out</Menu.Item>
        {out.isError && <Menu.Label role="alert">Signing out failed: {out.error.message}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}
