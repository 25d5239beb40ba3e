import type { Schemas } from '@/api/ask';
import type { Tone } from '@/parts/state-pill';
import { plural } from '@/number';

export type FlowView = Schemas['FlowView'];

/** How a state looks: icon by tone, and its word. */
export interface Look {
  tone: Tone;
  word: string;
}

const troubles: Record<string, Look> = {
  denied: { tone: 'denied', word: 'Needs attention' },
  unavailable: { tone: 'unreachable', word: 'Cannot reach' },
  throttled: { tone: 'waiting', word: 'Asked to slow down' },
  lost: { tone: 'bad', word: 'Data was lost' },
  invalid: { tone: 'bad', word: 'Refused' },
};

/** What is called by its own name, by the code of its trouble. */
const named: Record<string, string> = {
  disk_full: 'Disk full',
  read_only: 'Disk is read-only',
  secret_expired: 'Secret expired',
  secret_wrong: 'Secret rejected',
  permission_missing: 'Permission missing',
  permission_denied: 'Permission missing',
  audit_log_off: 'Audit logging is off',
  folder_forgotten: 'Folder is gone',
  folder_vanished: 'Folder is gone',
};

/** Waits that nobody asked for by "slow down", by the code of their trouble. */
const waits: Record<string, Look> = { schema_pending: { tone: 'waiting', word: 'Waiting for the schema' } };

/** lookOf says how a flow stands. What waits in the dead letters makes a running flow amber: it is not whole. */
export function lookOf(f: Pick<FlowView, 'state' | 'open_dead_letters'> & Partial<Pick<FlowView, 'trouble' | 'doing'>>): Look {
  const trouble = f.trouble ? troubles[f.trouble.class] : undefined;
  switch (f.state) {
    case 'paused':
      return { tone: 'paused', word: 'Paused' };
    case 'waiting':
      return { tone: 'waiting', word: 'Waiting' };
    case 'trouble':
      if (f.trouble?.streams?.length) return { tone: 'warn', word: 'Read in part' };
      if (named[f.trouble?.code ?? '']) return { tone: trouble?.tone ?? 'bad', word: named[f.trouble!.code!]! };
      return trouble ?? { tone: 'bad', word: 'In trouble' };
  }
  if (f.trouble?.class === 'throttled') return waits[f.trouble.code ?? ''] ?? troubles.throttled!;
  const word = f.state === 'running' ? 'Running' : 'Not collecting';
  if (f.open_dead_letters > 0) return { tone: 'warn', word: `${word}, ${plural(f.open_dead_letters, 'dead letter')}` };
  return { tone: f.state === 'running' ? 'ok' : 'still', word };
}
