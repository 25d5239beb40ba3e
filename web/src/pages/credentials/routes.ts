import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { text } from '@/search';

/** add: the overlay "Add New Credential" is open, for this type ('' asks for the type first). edit: that of the one with this name. */
export interface CredentialSearch {
  add?: string;
  edit?: string;
  q?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/credentials',
  validateSearch: (s: Record<string, unknown>): CredentialSearch => ({ add: typeof s.add === 'string' ? s.add : undefined, edit: text(s.edit), q: text(s.q) }),
  component: lazyPage(() => import('./list'), 'Credentials'),
});

const show = createRoute({
  getParentRoute: () => root,
  path: '/credentials/$name',
  validateSearch: (s: Record<string, unknown>): { edit?: boolean } => ({ edit: s.edit === true || s.edit === 'true' || undefined }),
  component: lazyPage(() => import('./show'), 'CredentialPage'),
});

export const credentialRoutes = [list, show] as const;
