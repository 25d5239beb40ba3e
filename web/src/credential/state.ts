import type { Tone } from '@/parts/state-pill';

/** How each state of a credential is shown. The server decides the state (internal/credential). */
const states: Record<string, { tone: Tone; word: string }> = {
  working: { tone: 'ok', word: 'Working' },
  secret_expires_soon: { tone: 'warn', word: 'Secret expires soon' },
  secret_expired: { tone: 'bad', word: 'Secret expired' },
  no_secret: { tone: 'bad', word: 'No secret' },
  permission_missing: { tone: 'denied', word: 'Permission missing' },
  needs_attention: { tone: 'warn', word: 'Needs attention' },
  refused: { tone: 'bad', word: 'Refused' },
  unreachable: { tone: 'unreachable', word: 'Cannot reach Microsoft' },
  not_tested: { tone: 'unknown', word: 'Not tested' },
};

/** stateOf gives tone and word of a credential's state; one that a newer server knows is shown as it is. */
export const stateOf = (state: string): { tone: Tone; word: string } => states[state] ?? { tone: 'unknown', word: state.replaceAll('_', ' ') || 'Cannot be shown' };
