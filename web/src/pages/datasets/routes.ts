import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '@/root';
import { text } from '@/search';

/** What can stand in the address of the list. */
export interface DatasetsSearch {
  q?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/datasets',
  validateSearch: (s: Record<string, unknown>): DatasetsSearch => ({ q: text(s.q) }),
  component: lazyRouteComponent(() => import('./list'), 'Datasets'),
});

/** stream: only this one is shown. */
const show = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$name',
  validateSearch: (s: Record<string, unknown>): { stream?: string } => ({ stream: text(s.stream) }),
  component: lazyRouteComponent(() => import('./show'), 'Show'),
});

export const datasetRoutes = [list, show] as const;
