import type { Schemas } from '@/api/ask';
import { groupBy } from '@/group';
import type { Hour, HourRow } from '@/hours/grid';

export type Known = Schemas['CoverageCell'];
type Gap = Schemas['SourceGap'];

const hour = 3_600_000;

/** Microsoft publishes most records 60 to 90 minutes after they happened; an hour that ended this long ago is not late yet. */
export const normalDelay = 2 * hour;

/** How long Microsoft's activity feed keeps what happened. */
export const kept = 7 * 24 * hour;

/** What is known of one hour of one stream. */
export type State = 'collected' | 'empty' | 'awaited' | 'missing' | 'partial' | 'refused' | 'lost' | 'unasked';

/** How a state looks: its sign, its word, and what it means. */
export const states: Record<State, { sign: string; word: string; text: string }> = {
  collected: { sign: '●', word: 'Collected', text: 'everything listed was delivered' },
  empty: { sign: '○', word: 'Empty', text: 'Microsoft said that there is nothing' },
  awaited: { sign: '…', word: 'Awaited', text: 'inside the normal delay' },
  partial: { sign: '◐', word: 'Partial', text: 'some of what was listed is not delivered yet' },
  missing: { sign: '!', word: 'Missing', text: 'not listed yet, and can still be had' },
  refused: { sign: '✗', word: 'Dead letters', text: 'some records were refused' },
  lost: { sign: '×', word: 'Lost', text: 'the source no longer has it' },
  unasked: { sign: '·', word: 'Not asked for', text: 'before collecting began' },
};

/** A Cell is one hour of a row. */
export interface Cell extends Hour {
  state: State;
  listed?: Known;
  delivered?: Known;
}

/** A Row is one stream of a source through a flow, hour by hour. */
export interface Row extends HourRow<Cell> {
  source: string;
  flow: string;
  stream: string;
}

/** rowsOf makes the grid: a row for each flow and stream, a cell for each hour in [from, to). */
export function rowsOf(known: Known[], gaps: Gap[], from: number, to: number, now: number): Row[] {
  const at = new Map(known.map((c) => [keyOf(c.source, c.flow ?? '', c.stream, Date.parse(c.hour)), c]));
  const flows = groupBy(known, (c) => c.source);
  const rows: Row[] = [];
  for (const [source, cells] of flows) {
    const names = [...new Set(cells.map((c) => c.flow ?? ''))].filter(Boolean).sort();
    const streams = [...new Set(cells.map((c) => c.stream))].sort();
    for (const flow of names.length > 0 ? names : [''])
      for (const stream of streams) {
        const one: Row = { key: `${flow || source}/${stream}`, name: stream || 'all', more: flow || source, source, flow, stream, cells: [] };
        for (let h = Math.floor(from / hour) * hour; h < to; h += hour) one.cells.push(cell(h, at.get(keyOf(source, '', stream, h)), flow ? at.get(keyOf(source, flow, stream, h)) : undefined, gaps.filter((g) => g.source === source && g.stream === stream), now));
        rows.push(one);
      }
  }
  return rows;
}

const keyOf = (...parts: (string | number)[]) => parts.join('\n');

function cell(at: number, listed: Known | undefined, delivered: Known | undefined, gaps: Gap[], now: number): Cell {
  return { at, listed, delivered, state: stateOf(at, listed, delivered, gaps, now) };
}

/** stateOf judges one hour. What is lost or refused is said before anything that looks well. */
export function stateOf(at: number, listed: Known | undefined, delivered: Known | undefined, gaps: Gap[], now: number): State {
  if ((delivered?.lost ?? 0) > 0 || (listed?.lost ?? 0) > 0 || gaps.some((g) => Date.parse(g.from) < at + hour && Date.parse(g.to) > at)) return 'lost';
  if ((delivered?.dead_letters ?? 0) > 0) return 'refused';
  const fresh = at + hour + normalDelay > now;
  if (!listed) return fresh ? 'awaited' : 'unasked';
  if (listed.splits > 0 && (delivered?.splits ?? 0) < listed.splits) return fresh ? 'awaited' : 'partial';
  if (listed.listed_minutes < (listed.asked_minutes ?? 0)) {
    if (fresh) return 'awaited';
    return at + hour + kept > now ? 'missing' : 'lost';
  }
  return listed.splits === 0 ? 'empty' : 'collected';
}

/** recoverable gives how long an hour can still be had, in milliseconds. */
export const recoverable = (at: number, now: number): number => Math.max(0, at + kept - now);

/** gapsIn gives the pieces of time of a row that are to be filled, joined where they touch. */
export function gapsIn(row: Row): { from: number; to: number; hours: number }[] {
  const out: { from: number; to: number; hours: number }[] = [];
  for (const c of row.cells) {
    if (c.state !== 'missing' && c.state !== 'partial') continue;
    const last = out.at(-1);
    if (last && last.to === c.at) Object.assign(last, { to: c.at + hour, hours: last.hours + 1 });
    else out.push({ from: c.at, to: c.at + hour, hours: 1 });
  }
  return out;
}

/** tally counts cells by state. */
export function tally(rows: Row[]): Map<State, number> {
  const n = new Map<State, number>();
  for (const r of rows) for (const c of r.cells) n.set(c.state, (n.get(c.state) ?? 0) + 1);
  return n;
}

/** verdict says in a sentence whether everything is there. */
export function verdict(rows: Row[]): { whole: boolean; text: string } {
  const n = tally(rows);
  const of = (s: State) => n.get(s) ?? 0;
  const parts = [of('lost') > 0 && `${of('lost')} hours lost`, of('missing') > 0 && `${of('missing')} missing`, of('partial') > 0 && `${of('partial')} partly delivered`, of('refused') > 0 && `${of('refused')} with dead letters`].filter(Boolean);
  return parts.length === 0 ? { whole: true, text: 'Everything that Microsoft has published was collected and delivered.' } : { whole: false, text: `${parts.join(', ')}.` };
}

/** csv writes every cell with its numbers, for auditors. Texts that a spreadsheet would run are marked as text. */
export function csv(rows: Row[]): string {
  const head = 'tenant or source,flow,stream,hour (UTC),state,listed minutes,asked minutes,splits,records,repeats,dead letters,lost';
  const safe = (v: string | number) => (/^[=+\-@\t]/.test(String(v)) ? `'${v}` : String(v));
  const quoted = (v: string | number) => (/[",\n]/.test(safe(v)) ? `"${safe(v).replaceAll('"', '""')}"` : safe(v));
  const lines = rows.flatMap((r) =>
    r.cells.map((c) => [r.source, r.flow, r.stream, new Date(c.at).toISOString(), states[c.state].word, c.listed?.listed_minutes ?? 0, c.listed?.asked_minutes ?? 0, c.listed?.splits ?? 0, c.delivered?.records ?? 0, c.delivered?.repeats ?? 0, c.delivered?.dead_letters ?? 0, c.delivered?.lost ?? 0].map(quoted).join(',')),
  );
  return `${[head, ...lines].join('\r\n')}\r\n`;
}
