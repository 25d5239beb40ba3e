import type { Schemas } from '@/api/ask';
import { span } from '@/time/time';

const names: Record<string, string> = { plan: 'Plan', list: 'List', fetch: 'Fetch', transform: 'Transform', deliver: 'Deliver', commit: 'Commit' };

export const nameOfStep = (name: string): string => names[name] ?? name;

/** tookOf says how long a step took, or takes so far; what nobody knows is a dash. */
export function tookOf(s: Pick<Schemas['FlowRunStep'], 'began' | 'ended'>, now: number): string {
  if (!s.began) return '–';
  const ms = Math.max(0, (s.ended ? Date.parse(s.ended) : now) - Date.parse(s.began));
  const text = ms < 1_000 && s.ended ? 'less than 1 s' : span(ms);
  return s.ended ? text : `${text} so far`;
}
