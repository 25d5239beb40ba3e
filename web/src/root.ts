import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext } from '@tanstack/react-router';
import { NotFound } from './parts/not-found';
import { Gate } from './session/gate';

/** What every route can reach. */
export interface Context {
  client: QueryClient;
}

/** The root of all routes: who isn't signed in gets no further than the gate. */
export const root = createRootRouteWithContext<Context>()({ component: Gate, notFoundComponent: NotFound });
