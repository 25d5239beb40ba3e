import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf, text } from '@/search';

/** What can stand in the address of the list of flows. */
export interface FlowsSearch {
  q?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/flows',
  validateSearch: (s: Record<string, unknown>): FlowsSearch => ({ q: text(s.q) }),
  component: lazyPage(() => import('./list'), 'Flows'),
});

const fresh = createRoute({
  getParentRoute: () => root,
  path: '/flows/new',
  validateSearch: (s: Record<string, unknown>): { source?: string; destination?: string } => ({ source: text(s.source), destination: text(s.destination) }),
  component: lazyPage(() => import('./new'), 'NewFlow'),
});

/** The tabs of a flow's page. */
export const flowTabs = ['overview', 'dataset', 'transform', 'runs', 'letters', 'settings', 'yaml'] as const;
export type FlowTab = (typeof flowTabs)[number];

/** What can stand in the address of a flow. do: a dialog is open; from, to: what it begins with; letter: the dead letter that a transform is mended for. */
export interface FlowSearch {
  tab?: FlowTab;
  do?: 'backfill' | 'remove';
  from?: string;
  to?: string;
  letter?: string;
}

const show = createRoute({
  getParentRoute: () => root,
  path: '/flows/$name',
  validateSearch: (s: Record<string, unknown>): FlowSearch => ({ tab: oneOf(s.tab, flowTabs), do: oneOf(s.do, ['backfill', 'remove'] as const), from: text(s.from), to: text(s.to), letter: text(s.letter) }),
  component: lazyPage(() => import('./flow'), 'Flow'),
});

export const flowRoutes = [list, fresh, show] as const;
