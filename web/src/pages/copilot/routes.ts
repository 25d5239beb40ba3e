import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf, text } from '@/search';

const list = createRoute({ getParentRoute: () => root, path: '/copilot', component: lazyPage(() => import('./list'), 'Connections') });

/** The tabs of a connection's page. */
export const copilotTabs = ['overview', 'schema', 'items', 'access', 'groups', 'doctor', 'settings'] as const;
export type CopilotTab = (typeof copilotTabs)[number];

/** What can stand in the address of a connection. item: the one that is shown. */
export interface CopilotSearch {
  tab?: CopilotTab;
  item?: string;
  state?: 'sent' | 'sending' | 'failed';
}

const show = createRoute({
  getParentRoute: () => root,
  path: '/copilot/$name',
  validateSearch: (s: Record<string, unknown>): CopilotSearch => ({ tab: oneOf(s.tab, copilotTabs), item: text(s.item), state: oneOf(s.state, ['sent', 'sending', 'failed'] as const) }),
  component: lazyPage(() => import('./connection'), 'Connection'),
});

export const copilotRoutes = [list, show] as const;
