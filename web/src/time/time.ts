/** Which time zone times are shown in. */
export type Clock = 'utc' | 'local';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** isTime tells whether a server's time is one: absent, empty and Go's zero time are none. */
export const isTime = (at: string | undefined | null): at is string => !!at && !at.startsWith('0001-') && !Number.isNaN(Date.parse(at));

/** absolute writes a time to the second, as "2026-11-23 14:02:11 UTC"; a local one carries its offset. */
export function absolute(at: string | number | Date, clock: Clock): string {
  const d = new Date(at);
  if (clock === 'utc') return `${d.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const local = new Date(d.getTime() - d.getTimezoneOffset() * minute).toISOString().slice(0, 19).replace('T', ' ');
  return `${local} ${offset(-d.getTimezoneOffset())}`;
}

/** clockTime writes the time of day alone: "14:02:11". */
export const clockTime = (at: string | number | Date, clock: Clock): string => absolute(at, clock).slice(11, 19);

/** dayOf writes a date without a time: "4 Dec 2026". */
export function dayOf(at: string | number | Date, clock: Clock = 'utc'): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: clock === 'utc' ? 'UTC' : undefined }).format(new Date(at));
}

function offset(minutes: number): string {
  const abs = Math.abs(minutes);
  return `${minutes < 0 ? '−' : '+'}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`;
}

/** relative writes how long ago a time was, or how long until it comes: "4 min ago", "in 12 days". */
export function relative(at: string | number | Date, now: number): string {
  const away = new Date(at).getTime() - now;
  const size = Math.abs(away);
  if (size < 5_000) return 'just now';
  const text = span(size);
  return away < 0 ? `${text} ago` : `in ${text}`;
}

/** span writes a length of time in its largest unit: "41 s", "7 min", "3 h", "301 days". */
export function span(ms: number): string {
  if (ms < minute) return `${Math.round(ms / 1000)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} days`;
}
