import { describe, expect, it } from 'vitest';
import { lookOf, type FlowView } from './look';

const flow = (f: Partial<FlowView>) => lookOf({ state: 'running', open_dead_letters: 0, ...f });
const trouble = (kind: string) => ({ class: kind, text: '', since: '' });

describe('lookOf', () => {
  it.each<[Partial<FlowView>, string, string]>([
    [{}, 'ok', 'Running'],
    [{ open_dead_letters: 1 }, 'warn', 'Running, 1 dead letter'],
    [{ state: 'on' }, 'still', 'Not collecting'],
    [{ state: 'paused', open_dead_letters: 4 }, 'paused', 'Paused'],
    [{ state: 'trouble', trouble: { ...trouble('denied'), code: 'permission_missing' } }, 'denied', 'Permission missing'],
    [{ state: 'trouble', trouble: trouble('denied') }, 'denied', 'Needs attention'],
    [{ state: 'trouble', trouble: { ...trouble('unavailable'), streams: ['Audit.General'] } }, 'warn', 'Read in part'],
    [{ state: 'trouble', trouble: { ...trouble('denied'), code: 'secret_expired' } }, 'denied', 'Secret expired'],
    [{ state: 'trouble', trouble: trouble('new kind') }, 'bad', 'In trouble'],
    [{ state: 'trouble' }, 'bad', 'In trouble'],
    [{ trouble: trouble('throttled') }, 'waiting', 'Asked to slow down'],
    [{ trouble: { ...trouble('throttled'), code: 'schema_pending' } }, 'waiting', 'Waiting for the schema'],
    [{ state: 'waiting' }, 'waiting', 'Waiting'],
  ])('%j is %s: %s', (f, tone, word) => expect(flow(f)).toEqual({ tone, word }));
});
