import { span } from '@/time/time';

const day = 24 * 3_600_000;

/** field writes a time as an input for date and time takes it, in UTC, to the minute. */
export const field = (at: string | number): string => new Date(at).toISOString().slice(0, 16);

/** instant reads such an input as UTC; undefined: it is no time. */
export function instant(text: string): string | undefined {
  const at = new Date(`${text}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** back gives the full hour so many days before now, for such an input. */
export const back = (days: number, now: number): string => field(Math.floor((now - days * day) / 3_600_000) * 3_600_000);

/** keepsFor says how long something can still be had, from nanoseconds. */
export const keepsFor = (ns: number | undefined): string => span((ns ?? 0) / 1e6);
