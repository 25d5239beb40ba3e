import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';

const overview = createRoute({ getParentRoute: () => root, path: '/', component: lazyPage(() => import('./overview'), 'Overview') });

export const overviewRoutes = [overview] as const;
