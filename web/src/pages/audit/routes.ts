import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { text } from '@/search';

/** What can stand in the address of the audit log. */
export interface AuditSearch {
  who?: string;
  operation?: string;
  object?: string;
  result?: string;
  since?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (s: Record<string, unknown>): AuditSearch => ({ who: text(s.who), operation: text(s.operation), object: text(s.object), result: text(s.result), since: text(s.since) }),
  component: lazyPage(() => import('./log'), 'AuditLog'),
});

export const auditRoutes = [list] as const;
