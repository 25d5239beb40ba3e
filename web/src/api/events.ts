import { useEffect, useSyncExternalStore } from 'react';

/** How the stream of events stands. `at` is when the server was last heard, in milliseconds. */
export interface Connection {
  state: 'connecting' | 'live' | 'reconnecting';
  at: number;
}

type Handler = (data: unknown) => void;

/** The server says that it is here every ten seconds. Silence of so many milliseconds is a server, or a network, that hangs. */
const silence = 25_000;

/**
 * One stream of server-sent events for the whole page, opened while somebody listens. The browser opens it again when it
 * breaks; a stream that the browser gave up (the server answered an error), or that went silent, is opened again by us.
 */
export class EventStream {
  private source: EventSource | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;
  private silent: ReturnType<typeof setTimeout> | undefined;
  private readonly handlers = new Map<string, Set<Handler>>();
  private readonly watchers = new Set<() => void>();
  private current: Connection = { state: 'connecting', at: Date.now() };

  constructor(
    private readonly url: string,
    private readonly retryAfter = 5_000,
  ) {}

  readonly connection = (): Connection => this.current;

  readonly watch = (told: () => void): (() => void) => {
    this.watchers.add(told);
    return () => this.watchers.delete(told);
  };

  /** open starts the stream; the function that it gives ends it. */
  open(): () => void {
    this.start();
    // A browser that loses its network keeps a stream open that nothing comes through any more.
    const lost = () => this.tell('reconnecting');
    const back = () => this.start();
    globalThis.addEventListener('offline', lost);
    globalThis.addEventListener('online', back);
    return () => {
      globalThis.removeEventListener('offline', lost);
      globalThis.removeEventListener('online', back);
      this.end();
      this.source = null;
      this.tell('connecting');
    };
  }

  /** on calls handler with the parsed data of each event of a kind. */
  on(kind: string, handler: Handler): () => void {
    const all = this.handlers.get(kind) ?? new Set<Handler>();
    if (!this.handlers.has(kind)) {
      this.handlers.set(kind, all);
      this.source?.addEventListener(kind, this.receive);
    }
    all.add(handler);
    return () => all.delete(handler);
  }

  private end(): void {
    clearTimeout(this.again);
    clearTimeout(this.silent);
    this.source?.close();
  }

  /** listen waits for the next sign of life. */
  private listen(): void {
    clearTimeout(this.silent);
    this.silent = setTimeout(() => {
      this.tell('reconnecting');
      this.start();
    }, silence);
  }

  private start(): void {
    this.end();
    this.listen();
    const source = new EventSource(this.url, { withCredentials: true });
    this.source = source;
    source.onopen = () => this.heard();
    source.onerror = () => {
      this.tell('reconnecting');
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(this.again);
      this.again = setTimeout(() => this.source === source && this.start(), this.retryAfter);
    };
    source.onmessage = this.receive;
    source.addEventListener('here', () => this.heard());
    for (const kind of this.handlers.keys()) if (kind !== 'message') source.addEventListener(kind, this.receive);
  }

  private readonly receive = (event: MessageEvent<string>): void => {
    this.heard();
    const data = parsed(event.data);
    this.handlers.get(event.type)?.forEach((handler) => handler(data));
  };

  private heard(): void {
    this.listen();
    this.tell('live');
  }

  private tell(state: Connection['state']): void {
    this.current = { state, at: state === 'live' ? Date.now() : this.current.at };
    this.watchers.forEach((told) => told());
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The stream of this page. */
export const events = new EventStream('/api/v1/events');

/** useConnection tells how the stream stands, and renders again when that changes. */
export const useConnection = (): Connection => useSyncExternalStore(events.watch, events.connection);

/** useEvents calls handler with each event of a kind while the component is there. The handler must be stable (useCallback). */
export function useEvents(kind: string, handler: (data: unknown) => void): void {
  useEffect(() => events.on(kind, handler), [kind, handler]);
}

/** paced gives how often a page asks for what events tell of: seldom while they are heard, each so many milliseconds while they are not. */
export const paced = (otherwise: number) => (): number => (events.connection().state === 'live' ? Math.max(otherwise, 30_000) : otherwise);
