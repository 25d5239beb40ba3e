import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { text } from '@/search';

const listSearch = (s: Record<string, unknown>): { q?: string } => ({ q: text(s.q) });
/** add: the overlay "Add New Credential" is open over the step. */
const stepSearch = (s: Record<string, unknown>): { add?: string } => ({ add: text(s.add) });
/** edit: the settings are open; records: samples are shown. */
const showSearch = (s: Record<string, unknown>): { edit?: boolean } => ({ edit: s.edit === true || s.edit === 'true' || undefined });

// Sources and destinations have the same pages; each has its own addresses, so that links are checked by their types.
export const sourceRoutes = [
  createRoute({ getParentRoute: () => root, path: '/sources', validateSearch: listSearch, component: lazyPage(() => import('./source'), 'List') }),
  createRoute({ getParentRoute: () => root, path: '/sources/new', component: lazyPage(() => import('./source'), 'New') }),
  createRoute({ getParentRoute: () => root, path: '/sources/new/$connector/$step', validateSearch: stepSearch, component: lazyPage(() => import('./source'), 'Step') }),
  createRoute({ getParentRoute: () => root, path: '/sources/$name', validateSearch: showSearch, component: lazyPage(() => import('./source'), 'Show') }),
] as const;

export const destinationRoutes = [
  createRoute({ getParentRoute: () => root, path: '/destinations', validateSearch: listSearch, component: lazyPage(() => import('./destination'), 'List') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/new', component: lazyPage(() => import('./destination'), 'New') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/new/$connector/$step', validateSearch: stepSearch, component: lazyPage(() => import('./destination'), 'Step') }),
  createRoute({ getParentRoute: () => root, path: '/destinations/$name', validateSearch: showSearch, component: lazyPage(() => import('./destination'), 'Show') }),
] as const;
