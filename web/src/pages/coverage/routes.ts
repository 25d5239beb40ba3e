import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf, text } from '@/search';

/** How much the grid shows. */
export const ranges = ['1d', '3d', '7d'] as const;
export type Range = (typeof ranges)[number];

/** What can stand in the address of the coverage. at: the hour whose detail is open, "stream hour" of the row. */
export interface CoverageSearch {
  flow?: string;
  source?: string;
  range?: Range;
  row?: string;
  hour?: string;
}

const show = createRoute({
  getParentRoute: () => root,
  path: '/coverage',
  validateSearch: (s: Record<string, unknown>): CoverageSearch => ({ flow: text(s.flow), source: text(s.source), range: oneOf(s.range, ranges), row: text(s.row), hour: text(s.hour) }),
  component: lazyPage(() => import('./coverage'), 'Coverage'),
});

export const coverageRoutes = [show] as const;
