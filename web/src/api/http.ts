import { parsed, written } from '@/record/exact';
import { answered, notReached, ProblemError } from './problem';

/** How long a call may take; a test of a credential asks Microsoft and may take longer. */
const patience = 30_000;

/** What a call takes beside its path. */
export interface Call {
  /** Values for {name} in the path. */
  path?: Record<string, string | number>;
  /** undefined and '' are left out; a list is repeated. */
  query?: Record<string, string | number | boolean | string[] | undefined>;
  body?: unknown;
  /** The revision that a change was made from; the server refuses a stale one with 412. */
  revision?: number;
  /** Makes a creation safe to repeat. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  timeout?: number;
  /** Records are in it: each number keeps its digits, both ways (record/exact.ts). */
  exact?: boolean;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What the session lends to every call; session.ts keeps it. */
export const lent = {
  csrf: '',
  /** Called when the server says that nobody is signed in; gives true when somebody is again and the call is to be repeated. */
  onSignedOut: async (): Promise<boolean> => false,
};

/** A Written body is sent as it is: what went through JSON.parse has lost digits of large numbers. */
export class Written {
  constructor(readonly text: string) {}
}

/** call asks the server. It gives the answer's JSON, or throws a ProblemError. */
export async function call<T>(method: Method, route: string, c: Call = {}): Promise<T> {
  const response = await well(method, route, c);
  if (response.status === 204 || response.headers.get('Content-Length') === '0') return undefined as T;
  return (await (c.exact ? response.text().then(parsed) : response.json()).catch(async () => {
    throw await answered(new Response('', { status: response.status, statusText: 'with something that is no JSON' }));
  })) as T;
}

/** callText asks the server, and gives the answer as it was written. */
export const callText = async (method: Method, route: string, c: Call = {}): Promise<string> => (await well(method, route, c)).text();

/** well sends a call, once more after somebody has signed in again, and throws what is no answer. */
async function well(method: Method, route: string, c: Call): Promise<Response> {
  const response = await send(method, route, c);
  if (response.status === 401 && !route.startsWith('/session') && (await lent.onSignedOut())) return well(method, route, c);
  if (!response.ok) throw await answered(response);
  return response;
}

async function send(method: Method, route: string, c: Call): Promise<Response> {
  const timeout = AbortSignal.timeout(c.timeout ?? patience);
  try {
    return await fetch(address(route, c), {
      method,
      headers: headers(method, c),
      body: c.body instanceof Written ? c.body.text : c.body === undefined ? undefined : c.exact ? written(c.body) : JSON.stringify(c.body),
      signal: c.signal ? AbortSignal.any([c.signal, timeout]) : timeout,
      credentials: 'same-origin',
    });
  } catch (thrown) {
    if (c.signal?.aborted || thrown instanceof ProblemError) throw thrown;
    throw notReached(thrown);
  }
}

function headers(method: Method, c: Call): Record<string, string> {
  const h: Record<string, string> = { Accept: 'application/json' };
  if (c.body !== undefined) h['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (c.revision) h['If-Match'] = `"${c.revision}"`;
  if (c.idempotencyKey) h['Idempotency-Key'] = c.idempotencyKey;
  if (method !== 'GET' && lent.csrf) h['X-Headrace-CSRF'] = lent.csrf;
  return h;
}

/** address makes the URL of a call: "/sources/{name}" with its values put in. */
export function address(route: string, c: Pick<Call, 'path' | 'query'>): string {
  const path = route.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = c.path?.[name];
    if (value === undefined) throw new Error(`${route} needs ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(c.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== '') query.append(name, String(one));
  }
  return `/api/v1${path}${query.size > 0 ? `?${query}` : ''}`;
}
