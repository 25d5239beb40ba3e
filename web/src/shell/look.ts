import type { QueryKey } from '@tanstack/react-query';
import { sessionKey } from '@/api/session';

/** What an event of the server tells: of which kind of thing, and of which one. */
export interface Told {
  kind: string;
  id?: string;
  name?: string;
}

/** The kinds of events that a page looks again for. */
export const kinds = ['credential', 'source', 'destination', 'flow', 'run', 'progress', 'letters', 'reset'];

/**
 * touches tells whether an event is about what a query shows. Runs, dead letters and the progress of flows are told each
 * second while there is work, so they touch their own pages alone; a change by people is rare, and may show anywhere.
 */
export function touches(told: Told, [root, what, which]: QueryKey): boolean {
  switch (told.kind) {
    case 'run':
      return root === 'runs' && (what !== 'one' || which === told.id || told.id === undefined);
    case 'progress':
      return root === 'flows' && what === 'one' && (which === told.name || told.name === undefined);
    case 'letters':
      return root === 'letters' || root === 'overview';
  }
  return root !== sessionKey[0];
}
