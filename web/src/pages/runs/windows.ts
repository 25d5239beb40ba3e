import type { Schemas } from '@/api/ask';
import type { Hour, HourRow } from '@/hours/grid';

type Known = Schemas['RunWindow'];

const hour = 3_600_000;

/** How many hours a grid shows at most: what a feed keeps, twice. */
export const mostHours = 14 * 24;

/** How the deliveries of one hour of a stream stand: the worst of them, for the whole. */
export type WindowState = 'delivered' | 'pending' | 'partial' | 'failed' | 'lost' | 'discarded' | 'none';

export const windowSigns: Record<WindowState, { sign: string; word: string; text: string }> = {
  delivered: { sign: '●', word: 'Delivered', text: 'everything of the hour' },
  partial: { sign: '◐', word: 'In part', text: 'some of it waits' },
  pending: { sign: '…', word: 'Waiting', text: 'nothing of it is delivered yet' },
  failed: { sign: '!', word: 'Failed', text: 'can be tried again' },
  lost: { sign: '×', word: 'Lost', text: 'the source no longer has it' },
  discarded: { sign: '–', word: 'Left out', text: 'delivered before, or given up' },
  none: { sign: '○', word: 'Nothing', text: 'the run has nothing of this hour' },
};

/** windowState judges one hour; what went wrong is said before anything that looks well. */
export function windowState(w: Known | undefined): WindowState {
  if (!w) return 'none';
  if (w.lost > 0) return 'lost';
  if (w.failed > 0) return 'failed';
  if (w.pending > 0) return w.delivered > 0 ? 'partial' : 'pending';
  return w.delivered > 0 ? 'delivered' : 'discarded';
}

/** A WindowCell is one hour of a stream in a run. */
export interface WindowCell extends Hour {
  state: WindowState;
  known?: Known;
}

/** windowRows makes the grid: a row for each stream, a cell for each hour between the first and the last. Undefined: too long for one. */
export function windowRows(all: Known[]): HourRow<WindowCell>[] | undefined {
  const times = all.map((w) => Date.parse(w.hour));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  if (all.length === 0 || (last - first) / hour >= mostHours) return undefined;
  const at = new Map(all.map((w) => [`${w.stream}\n${Date.parse(w.hour)}`, w]));
  return [...new Set(all.map((w) => w.stream))].sort().map((stream) => {
    const cells: WindowCell[] = [];
    for (let h = first; h <= last; h += hour) {
      const known = at.get(`${stream}\n${h}`);
      cells.push({ at: h, known, state: windowState(known) });
    }
    return { key: stream, name: stream || 'all', cells };
  });
}
