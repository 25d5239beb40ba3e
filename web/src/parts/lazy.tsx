import { createElement, lazy, useEffect, useReducer, useState, type ComponentType } from 'react';
import { notReached } from '@/api/problem';
import { PageFailed } from './page-failed';

/** How often a page loads itself anew for a missing chunk: once in this many milliseconds, so that it never goes round. */
const atMostEvery = 60_000;
const key = 'headrace-loaded-anew';

/** How long to wait for a server that is not there before asking again. */
const pause = 3_000;

const pass = () => new Promise<void>((done) => setTimeout(done, pause));

/** away tells why the server can't be reached; undefined: it is there. */
const away = async (): Promise<unknown> =>
  fetch('/healthz', { cache: 'no-store' }).then(
    () => undefined,
    (thrown: unknown) => notReached(thrown),
  );

/**
 * missing says why a chunk could not be loaded. Where the server is there and the chunk is not, it was upgraded while the page
 * was open: the page loads itself anew. Where the server is away that would throw away the page that still stands.
 */
export async function missing(thrown: unknown): Promise<unknown> {
  const why = await away();
  if (why !== undefined) return why;
  if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < atMostEvery) return new Error('A part of this page could not be loaded. Load the page again.', { cause: thrown });
  sessionStorage.setItem(key, String(Date.now()));
  window.location.reload();
  return new Promise(() => undefined);
}

type Loader = () => Promise<Record<string, ComponentType>>;

/** lazyPage is a route's component, loaded when somebody goes there. Without a server it says so in its place, and can be tried again. */
export function lazyPage<M extends object>(load: () => Promise<M>, name: keyof M & string) {
  let found: ComponentType | undefined;
  const get = async () => {
    found ??= (await (load as unknown as Loader)())[name];
  };
  function LazyPage(props: object) {
    const [, drawn] = useReducer((n: number) => n + 1, 0);
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      let here = true;
      if (!found && error === undefined) {
        void get()
          .catch(missing)
          .then((why) => (here ? (why === undefined ? drawn() : setError(why)) : undefined));
      }
      return () => {
        here = false;
      };
    }, [error]);
    if (found) return createElement(found, props);
    return error === undefined ? null : <PageFailed error={error} reset={() => setError(undefined)} />;
  }
  // What is loaded ahead and fails is told when somebody goes there.
  LazyPage.preload = () => get().catch(() => undefined);
  return LazyPage;
}

/** lazyPart is a part of a page that is loaded when it is needed; it waits for a server that is away, as the rest of the page does. */
export const lazyPart = <P extends object>(load: () => Promise<{ default: ComponentType<P> }>) => lazy(() => patiently(load));

async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (thrown) {
      if ((await away()) === undefined) throw await missing(thrown);
      await pass();
    }
  }
}
