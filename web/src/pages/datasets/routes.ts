import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
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
  component: lazyPage(() => import('./list'), 'Datasets'),
});

/** stream: only this one is shown. */
const show = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$name',
  validateSearch: (s: Record<string, unknown>): { stream?: string } => ({ stream: text(s.stream) }),
  component: lazyPage(() => import('./show'), 'Show'),
});

export const datasetRoutes = [list, show] as const;
