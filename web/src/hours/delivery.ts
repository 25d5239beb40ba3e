import type { Tone } from '@/parts/state-pill';

const looks: Record<string, { tone: Tone; word: string }> = {
  pending: { tone: 'waiting', word: 'Waiting' },
  held: { tone: 'waiting', word: 'Kept here, waiting' },
  delivered: { tone: 'ok', word: 'Delivered' },
  failed: { tone: 'bad', word: 'Failed' },
  lost: { tone: 'bad', word: 'Lost' },
  discarded: { tone: 'still', word: 'Left out' },
};

/** lookOfDelivery says how a delivery stands. */
export const lookOfDelivery = (state: string): { tone: Tone; word: string } => looks[state] ?? { tone: 'unknown', word: state || 'No delivery' };
