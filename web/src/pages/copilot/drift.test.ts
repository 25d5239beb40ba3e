import { expect, test } from 'vitest';
import type { RunView } from '../runs/look';
import { driftOf } from './drift';

const crawl = (number: number, state: string, unseen: number | undefined, deleted = 0) => ({ number, state, unseen, counts: { deleted } }) as RunView;

test('drift is what the newest whole crawl left', () => {
  expect(driftOf([], undefined)).toBeUndefined();
  expect(driftOf([crawl(2, 'failed', undefined)], undefined)).toBeUndefined();
  const all = [crawl(4, 'failed', undefined), crawl(3, 'succeeded', 5, 5), crawl(2, 'succeeded', 9)];
  expect(driftOf(all, undefined)).toEqual({ items: 0, reason: '', run: all[1] });
});

test('what is left has its reason', () => {
  const left = (state: string, deletes?: string) => driftOf([crawl(3, state, 5, 2)], deletes);
  expect(left('waiting for approval')).toMatchObject({ items: 3, reason: 'their deletes wait for approval' });
  expect(left('running')?.reason).toBe('they are being deleted');
  expect(left('canceled')?.reason).toBe('their deletes were canceled');
  expect(left('succeeded', 'never')?.reason).toBe('they stay: the flow has deletes: never');
  expect(left('succeeded with dead letters')?.reason).toBe('they could not be deleted yet');
});
