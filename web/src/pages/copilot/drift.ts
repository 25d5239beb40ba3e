import type { RunView } from '../runs/look';

/** A Drift is how many items are in Copilot although their source no longer has them. */
export interface Drift {
  items: number;
  /** Why they are still there; "" if there are none. */
  reason: string;
  run: RunView;
}

/** driftOf gives the drift that the newest crawl that was whole left; undefined: no crawl can tell. Crawls: the newest first. */
export function driftOf(crawls: readonly RunView[], deletes: string | undefined): Drift | undefined {
  const run = crawls.find((r) => r.unseen !== undefined);
  if (run?.unseen === undefined) return undefined;
  const items = Math.max(0, run.unseen - run.counts.deleted);
  return { items, reason: items > 0 ? reasonOf(run, deletes) : '', run };
}

function reasonOf(run: RunView, deletes: string | undefined): string {
  switch (run.state) {
    case 'waiting for approval':
      return 'their deletes wait for approval';
    case 'running':
      return 'they are being deleted';
    case 'canceled':
      return 'their deletes were canceled';
  }
  return deletes === 'never' || deletes === 'tombstone' ? `they stay: the flow has deletes: ${deletes}` : 'they could not be deleted yet';
}
