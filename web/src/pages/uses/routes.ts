import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '@/root';
import { text } from '@/search';

const listSearch = (s: Record<string, unknown>): { q?: string } => ({ q: text(s.q) });
/** add: the overlay "Add New Credential" is open over the step. */
const stepSearch = (s: Record<string, unknown>): { add?: string } => ({ add: text(s.add) });
/** edit: the settings are open; records: samples are shown. */
const showSearch = (s: Record<string, unknown>): { edit?: boolean } => ({ edit: s.edit === true || s.edit === 'true' || undefined });

// Sources and destinations have the same pages; each has its own addresses, so that links are checked by their types.
export const sourceRoutes = [
  createRoute({ getParentRoute: () => root, path: '/sources', validateSearch: listSearch, component: lazyRouteComponent(() => import('./source'), 'List') }),
  createRoute({ getParentRoute: () => root, path: '/sources/new', component: lazyRouteComponent(() => import('./source'), 'New') }),
  createRoute({ getParentRoute: () => root, path: '/sources/new/$connector/$step', validateSearch: stepSearch, component: lazyRouteComponent(() => import('./source'), 'Step') }),
  createRoute({ getParentRoute: () => root, path: '/sources/$name', validateSearch: showSearch, component: lazyRouteComponent(() => import('./source'), 'Show') }),
] as const;

export const destinationRoutes = [
  createRoute({ getParentRoute: () => root, path: '/destinations', validateSearch: listSearch, component: lazyRouteComponent(() => import('./destination'), 'List') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/new', component: lazyRouteComponent(() => import('./destination'), 'New') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/new/$connector/$step', validateSearch: stepSearch, component: lazyRouteComponent(() => import('./destination'), 'Step') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/$name', validateSearch: showSearch, component: lazyRouteComponent(() => import('./destination'), 'Show') }),
] as const;
