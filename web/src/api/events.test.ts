import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventStream } from './events';

/** A Source stands for the browser's EventSource. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static readonly opened: Source[] = [];
  readyState = 1;
  onopen?: () => void;
  onerror?: () => void;
  constructor() {
    super();
    Source.opened.push(this);
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Source);
  Source.opened.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a server that hangs is not live: silence is told, and the stream is opened again', () => {
  const stream = new EventStream('/events');
  const close = stream.open();
  Source.opened[0]!.onopen?.();
  for (let i = 0; i < 6; i++) {
    vi.advanceTimersByTime(10_000);
    Source.opened[0]!.dispatchEvent(new MessageEvent('here', { data: '{}' }));
  }
  expect(stream.connection().state).toBe('live');
  expect(Source.opened).toHaveLength(1);
  vi.advanceTimersByTime(25_000);
  expect(stream.connection().state).toBe('reconnecting');
  expect(Source.opened[0]!.readyState).toBe(Source.CLOSED);
  vi.advanceTimersByTime(25_000);
  expect(Source.opened).toHaveLength(3);
  Source.opened[2]!.onopen?.();
  expect(stream.connection().state).toBe('live');
  close();
  vi.advanceTimersByTime(60_000);
  expect(Source.opened).toHaveLength(3);
});
