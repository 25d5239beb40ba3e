import type { QueryClient } from '@tanstack/react-query';
import { createRouter } from '@tanstack/react-router';
import { auditRoutes } from './pages/audit/routes';
import { credentialRoutes } from './pages/credentials/routes';
import { copilotRoutes } from './pages/copilot/routes';
import { coverageRoutes } from './pages/coverage/routes';
import { datasetRoutes } from './pages/datasets/routes';
import { letterRoutes } from './pages/deadletters/routes';
import { flowRoutes } from './pages/flows/routes';
import { overviewRoutes } from './pages/overview/routes';
import { runRoutes } from './pages/runs/routes';
import { settingsRoutes } from './pages/settings/routes';
import { destinationRoutes, sourceRoutes } from './pages/uses/routes';
import { PageFailed } from './parts/page-failed';
import { PagePending } from './parts/page-pending';
import { root } from './root';
import { parseSearch, stringifySearch } from './search';

// Every area of pages adds its routes here. A page's code is loaded when somebody goes there (lazyPage).
const tree = root.addChildren([...overviewRoutes, ...credentialRoutes, ...sourceRoutes, ...destinationRoutes, ...datasetRoutes, ...flowRoutes, ...runRoutes, ...coverageRoutes, ...letterRoutes, ...copilotRoutes, ...auditRoutes, ...settingsRoutes]);

/** makeRouter builds the router. */
export function makeRouter(client: QueryClient) {
  return createRouter({ routeTree: tree, context: { client }, defaultPreload: 'intent', scrollRestoration: true, defaultErrorComponent: PageFailed, defaultPendingComponent: PagePending, parseSearch, stringifySearch });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
