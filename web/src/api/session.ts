import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask } from './ask';
import { lent } from './http';

/** What a person may do; each role may do what those before it may. */
export type Role = 'viewer' | 'operator' | 'admin';

/** A Session says who is signed in, and how one can be. */
export interface Session {
  /** Absent: nobody is signed in. */
  user?: { name: string; displayName: string; role: Role };
  /** Nobody has an account yet: the first one is made with the set-up code. */
  setup: boolean;
  /** The name of the service that signs people in too. */
  provider?: string;
}

export const sessionKey = ['session'];

/**
 * readSession asks how one comes in, and who has. That nobody has is no error: it is asked of an operation that says so,
 * since a browser writes every refused request into its console.
 */
export async function readSession(signal?: AbortSignal): Promise<Session> {
  const door = await ask('GET', '/setup', { signal });
  const provider = door.provider || undefined;
  if (!door.signed_in) {
    lent.csrf = '';
    return { setup: door.setup, provider };
  }
  const who = await ask('GET', '/session', { signal });
  lent.csrf = who.csrf ?? '';
  return { setup: false, provider, user: { name: who.name, displayName: who.account?.display_name || who.name, role: who.role as Role } };
}

/** What is wrong is told at once, in place of a page that loads, and asked again every five seconds. */
export const sessionQuery = queryOptions({ queryKey: sessionKey, queryFn: ({ signal }) => readSession(signal), staleTime: 60_000, retry: false, refetchInterval: (q) => (q.state.status === 'error' ? 5_000 : false) });

/** useSession gives who is signed in. */
export const useSession = () => useQuery(sessionQuery);

const ranks: Role[] = ['viewer', 'operator', 'admin'];

/** covers tells whether a role may do what another is needed for. */
export const covers = (has: Role | undefined, needs: Role): boolean => !!has && ranks.indexOf(has) >= ranks.indexOf(needs);

/** useMay tells whether the person may do what a role is needed for. */
export function useMay(needs: Role): boolean {
  return covers(useSession().data?.user?.role, needs);
}
