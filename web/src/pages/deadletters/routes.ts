import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '@/parts/lazy';
import { root } from '@/root';
import { oneOf, text } from '@/search';

export const letterStates = ['open', 'replaying', 'replayed', 'discarded'] as const;
export type LetterState = (typeof letterStates)[number];

/** What can stand in the address of the dead letters. */
export interface LettersSearch {
  flow?: string;
  state?: LetterState;
  group?: string;
  letter?: string;
}

const list = createRoute({
  getParentRoute: () => root,
  path: '/deadletters',
  validateSearch: (s: Record<string, unknown>): LettersSearch => ({ flow: text(s.flow), state: oneOf(s.state, letterStates), group: text(s.group), letter: text(s.letter) }),
  component: lazyPage(() => import('./page'), 'DeadLetters'),
});

export const letterRoutes = [list] as const;
