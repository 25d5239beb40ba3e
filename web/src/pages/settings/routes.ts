import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf } from '@/search';

/** The tabs of the settings. */
export const settingsTabs = ['appearance', 'account', 'tokens', 'users', 'keys', 'about'] as const;
export type SettingsTab = (typeof settingsTabs)[number];

const show = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (s: Record<string, unknown>): { tab?: SettingsTab } => ({ tab: oneOf(s.tab, settingsTabs) }),
  component: lazyPage(() => import('./settings'), 'Settings'),
});

export const settingsRoutes = [show] as const;
