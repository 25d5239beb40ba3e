import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '@/api/session';
import { Page } from '@/parts/page';
import { UrlTabs } from '@/parts/url-tabs';
import { About } from './about';
import { Account } from './account';
import { Appearance } from './appearance';
import { Keys } from './keys';
import type { SettingsTab } from './routes';
import { Tokens } from './tokens';
import { Users } from './users';

const route = getRouteApi('/settings');

/** Settings are what a person sets for themselves, and what an administrator does for the server. */
export function Settings() {
  const { tab = 'appearance' } = route.useSearch();
  const go = route.useNavigate();
  const admin = useMay('admin');
  const tabs: { key: SettingsTab; label: string }[] = [
    { key: 'appearance', label: 'Appearance' }, { key: 'account', label: 'Password and sessions' }, { key: 'tokens', label: 'API tokens' },
    ...(admin ? [{ key: 'users' as const, label: 'Users' }, { key: 'keys' as const, label: 'Keys' }] : []),
    { key: 'about', label: 'About' },
  ];
  return (
    <Page title="Settings">
      <UrlTabs<SettingsTab> tabs={tabs} value={tab} onPick={(t) => void go({ search: { tab: t === 'appearance' ? undefined : t } })} label="Settings"><Open tab={tab} /></UrlTabs>
    </Page>
  );
}

function Open({ tab }: { tab: SettingsTab }) {
  switch (tab) {
    case 'account':
      return <Account />;
    case 'tokens':
      return <Tokens />;
    case 'users':
      return <Users />;
    case 'keys':
      return <Keys />;
    case 'about':
      return <About />;
  }
  return <Appearance />;
}
