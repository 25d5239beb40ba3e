import { describe, expect, it } from 'vitest';
import { chartOf, requestsOf, slotsOf } from './activity';

const point = (start: string, delivered: number) => ({ start, delivered, bytes: 0, dead_letters: 0, deleted: 0, dropped: 0, fetched: 0, lag_known: false, lost: 0, repeats: 0, splits: 0, waits: [] });
const request = (start: string, asked: number, throttled: number) => ({ scope: 's', start, allowed_per_minute: 10, asked, throttled, refused: 0, failed: 0 });
const activity = {
  from: '2026-11-23T10:20:00Z', to: '2026-11-23T13:00:00Z', slot_minutes: 60, quotas: [],
  series: [{ stream: 'A', points: [point('2026-11-23T10:00:00Z', 5), point('2026-11-23T12:00:00Z', 7)] }],
  requests: [request('2026-11-23T11:00:00Z', 204, 1), request('2026-11-23T11:00:00Z', 2, 0)],
};

describe('activity', () => {
  it('has a slot for each piece of the time', () => expect(slotsOf(activity)).toHaveLength(3));
  it('counts nothing where nothing came', () => expect(chartOf(activity, (p) => p.delivered, 'zero').series).toEqual([{ label: 'A', values: [5, 0, 7] }]));
  it('leaves a gap where nothing was measured', () => expect(chartOf(activity, (p) => p.delivered, 'gap').series[0]?.values).toEqual([5, null, 7]));
  it('adds up the requests of all quotas, against the limit of a slot', () => {
    const { series } = requestsOf(activity);
    expect(series.map((s) => s.values)).toEqual([[0, 206, 0], [0, 1, 0], [0, 0, 0], [600, 600, 600]]);
  });
  it('leaves a gap for an hour of which nothing is known', () => {
    const stood = { ...activity, to: '2026-11-23T15:00:00Z', requests: [...activity.requests, request('2026-11-23T14:00:00Z', 3, 0)] };
    expect(chartOf(stood, (p) => p.delivered, 'zero').series[0]?.values).toEqual([5, 0, 7, null, 0]);
    expect(requestsOf(stood).series[0]?.values).toEqual([0, 206, 0, null, 3]);
  });
  it('draws no limit that is far away', () => expect(requestsOf({ ...activity, requests: [request('2026-11-23T11:00:00Z', 6, 0)] }).series).toHaveLength(3));
  it('draws no limit where none is known', () => expect(requestsOf({ ...activity, requests: [] }).series).toHaveLength(3));
});
