import type { Tone } from '@/parts/state-pill';
import type { Use } from './api';

/** stateOf tells how a source or destination stands: paused, broken (its settings can't be read), without a flow, at work. */
export function stateOf(u: Use): { tone: Tone; word: string } {
  if (u.paused) return { tone: 'paused', word: 'Paused' };
  if (!u.connector) return { tone: 'bad', word: 'Cannot be read' };
  if (u.used_by.length === 0) return { tone: 'still', word: 'No flow uses it' };
  return { tone: 'ok', word: 'In use' };
}
