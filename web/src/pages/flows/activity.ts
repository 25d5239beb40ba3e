import type { Schemas } from '@/api/ask';
import type { ChartData } from '@/chart/data';

type Activity = Schemas['OverviewActivity'];
type Point = Schemas['OverviewPoint'];

const minute = 60_000;

/** slotsOf gives the beginnings of all slots between from and to, in milliseconds. */
export function slotsOf(a: Pick<Activity, 'from' | 'to' | 'slot_minutes'>): number[] {
  const width = Math.max(1, a.slot_minutes) * minute;
  const out: number[] = [];
  for (let at = Math.floor(Date.parse(a.from) / width) * width; at < Date.parse(a.to); at += width) out.push(at);
  return out;
}

/**
 * chartOf makes a chart with a line for each stream. A slot of which nothing is known is a gap where the value is a
 * measurement (none 'gap'), and nothing at all where it is a count (none 'zero').
 */
export function chartOf(a: Activity, value: (p: Point) => number | undefined, none: 'gap' | 'zero'): ChartData {
  const times = slotsOf(a);
  const worked = workedIn(a);
  const series = a.series.map((s) => {
    const at = new Map(s.points.map((p) => [Date.parse(p.start), value(p)]));
    return { label: s.stream || s.flow || 'All flows', values: times.map((t) => at.get(t) ?? (none === 'zero' && worked(t) ? 0 : null)) };
  });
  return { times, series };
}

/**
 * workedIn tells whether anything is known of a slot. An hour in which no remote was asked and nothing was read is one in which
 * headrace did not run: a gap, and no zero. Where nothing is ever asked, or slots are minutes, nobody can tell, and it is taken for zero.
 */
function workedIn(a: Activity): (at: number) => boolean {
  if (a.requests.length === 0 || a.slot_minutes < 60) return () => true;
  const known = new Set([...a.requests, ...a.series.flatMap((s) => s.points)].map((p) => Date.parse(p.start)));
  return (at) => known.has(at);
}

/** allowedIn gives how many requests a slot may have; 0: nobody knows. */
export const allowedIn = (a: Pick<Activity, 'requests' | 'slot_minutes'>): number => Math.max(0, ...a.requests.map((r) => r.allowed_per_minute)) * a.slot_minutes;

/** The limit is drawn where requests come to so much of it: far above, it would press all else to the ground. */
const near = 5;

/** requestsOf makes the chart of what remotes were asked: calls, those that were told to slow down, those that failed, and the limit of a slot. */
export function requestsOf(a: Activity): ChartData {
  const times = slotsOf(a);
  const worked = workedIn(a);
  const sum = (pick: (r: Schemas['Requests']) => number) => {
    const at = new Map<number, number>();
    for (const r of a.requests) at.set(Date.parse(r.start), (at.get(Date.parse(r.start)) ?? 0) + pick(r));
    return times.map((t) => at.get(t) ?? (worked(t) ? 0 : null));
  };
  const allowed = allowedIn(a);
  const asked = sum((r) => r.asked);
  return {
    times,
    series: [
      { label: 'Requests', values: asked },
      { label: 'Asked to slow down (429)', values: sum((r) => r.throttled) },
      { label: 'Failed or refused', values: sum((r) => r.failed + r.refused) },
      ...(Math.max(0, ...asked.map((n) => n ?? 0)) * near > allowed && allowed > 0 ? [{ label: 'Limit', values: times.map(() => allowed) }] : []),
    ],
  };
}
