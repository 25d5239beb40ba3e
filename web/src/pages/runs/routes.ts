import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf, text } from '@/search';
import { runKinds, runStates, type RunKind, type RunState } from './look';

/** What can stand in the address of the list of runs. */
export interface RunsSearch {
  flow?: string;
  kind?: RunKind;
  state?: RunState;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: (s: Record<string, unknown>): RunsSearch => ({ flow: text(s.flow), kind: oneOf(s.kind, runKinds), state: oneOf(s.state, runStates) }),
  component: lazyPage(() => import('./list'), 'Runs'),
});

const show = createRoute({ getParentRoute: () => root, path: '/runs/$id', component: lazyPage(() => import('./run'), 'Run') });

export const runRoutes = [list, show] as const;
