import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '@/root';

const overview = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./overview'), 'Overview') });

export const overviewRoutes = [overview] as const;
