import { queryOptions, useQuery } from '@tanstack/react-query';
import { call, lent } from './http';

/** What a person may do; each role may do what those before it may. */
export type Role = 'viewer' | 'operator' | 'admin';

/** A Session says who is signed in, and how one can be. */
export interface Session {
  /** Nobody has an account yet: the set-up page is next. */
  setup_needed: boolean;
  /** Absent: nobody is signed in. */
  user?: { name: string; display_name?: string; role: Role };
  /** Goes along with each change. */
  csrf?: string;
  expires?: string;
  /** Another way to sign in: where to go, and what its button says. */
  oidc?: { title: string; url: string };
}

export const sessionKey = ['session'];

/** session asks who is signed in. A 401 is an answer too. */
export async function readSession(signal?: AbortSignal): Promise<Session> {
  const s = await call<Session>('GET', '/session', { signal });
  lent.csrf = s.csrf ?? '';
  return s;
}

export const sessionQuery = queryOptions({ queryKey: sessionKey, queryFn: ({ signal }) => readSession(signal), staleTime: 60_000 });

/** useSession gives who is signed in. */
export const useSession = () => useQuery(sessionQuery);

const ranks: Role[] = ['viewer', 'operator', 'admin'];

/** covers tells whether a role may do what another is needed for. */
export const covers = (has: Role | undefined, needs: Role): boolean => !!has && ranks.indexOf(has) >= ranks.indexOf(needs);

/** useMay tells whether the person may do what a role is needed for. */
export function useMay(needs: Role): boolean {
  return covers(useSession().data?.user?.role, needs);
}
