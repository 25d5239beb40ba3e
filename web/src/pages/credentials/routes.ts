import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '@/root';

/** add: the overlay "Add New Credential" is open, for this type ('' asks for the type first). */
export interface CredentialSearch {
  add?: string;
  q?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/credentials',
  validateSearch: (s: Record<string, unknown>): CredentialSearch => ({ add: typeof s.add === 'string' ? s.add : undefined, q: typeof s.q === 'string' ? s.q : undefined }),
  component: lazyRouteComponent(() => import('./list'), 'Credentials'),
});

export const credentialRoutes = [list] as const;
