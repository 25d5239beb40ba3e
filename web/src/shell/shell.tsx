import { ActionIcon, AppShell, Burger, Group, Kbd, ScrollArea, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { Link, Outlet } from '@tanstack/react-router';
import { ConnectionState } from './connection';
import { useGoKeys } from './go-keys';
import { KeyList } from './key-list';
import { Nav } from './nav';
import { openPalette, Palette } from './palette';
import { ClockSwitch, ThemeSwitch } from './switches';
import { UserMenu } from './user-menu';
import { useLiveData } from './live-data';
import { usePaper } from './use-paper';
import { Mark } from './mark';

/** Shell is what stands around every page: menu, header, palette, keys. */
export function Shell() {
  const [menuOpen, menu] = useDisclosure(false);
  const [keysOpen, keys] = useDisclosure(false);
  useGoKeys(keys.open);
  useLiveData();
  usePaper();
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 224, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }} padding={{ base: 'md', sm: 'lg' }}>
      <a className="skip" href="#main">Skip to content</a>
      <AppShell.Header px={{ base: 'sm', sm: 'lg' }}>
        <Group h="100%" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={menuOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={menuOpen ? 'Close the menu' : 'Open the menu'} />
            <Link to="/" aria-label="headrace" style={{ color: 'inherit', textDecoration: 'none' }}><Mark narrow /></Link>
          </Group>
          <SearchButton />
          <Group gap="xs" wrap="nowrap">
            <ConnectionState />
            <ClockSwitch />
            <ThemeSwitch />
            <UserMenu onKeys={keys.open} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar>
        <ScrollArea p="sm" type="auto"><Nav onGo={menu.close} /></ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <Palette />
      <KeyList opened={keysOpen} onClose={keys.close} />
    </AppShell>
  );
}

function SearchButton() {
  return (
    <>
      <UnstyledButton visibleFrom="sm" px="sm" py={6} onClick={openPalette} style={{ border: '1px solid var(--hr-border)', borderRadius: 8, width: 320, flexShrink: 1 }}>
        <Group justify="space-between" wrap="nowrap">
          <Group gap={8} wrap="nowrap"><IconSearch size={16} aria-hidden /><Text size="sm" truncate>Search or run a command</Text></Group>
          <Kbd size="xs" aria-hidden>Ctrl K</Kbd>
        </Group>
      </UnstyledButton>
      <ActionIcon hiddenFrom="sm" aria-label="Search or run a command" c="var(--mantine-color-text)" onClick={openPalette} ms="auto"><IconSearch size={18} aria-hidden /></ActionIcon>
    </>
  );
}
