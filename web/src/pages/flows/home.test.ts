import { expect, test } from 'vitest';
import { homesOf, movableTo } from './home';

const seen = '2026-11-23T09:00:00Z';
const lane = (number: number, home?: string, gone?: boolean) => ({ lane: number, held: false, failures: 0, home, home_seen: home && seen, home_gone: gone });

test('lanes that any node may have give no home', () => {
  expect(homesOf({ lanes: [lane(0), lane(1)] })).toEqual([]);
  expect(movableTo({ lanes: [lane(0)] })).toEqual([]);
});

test('each node is named once, with whether it reports', () => {
  expect(homesOf({ lanes: [lane(0, 'a'), lane(1, 'b', true), lane(2, 'a'), lane(3)] })).toEqual([
    { name: 'a', seen, gone: false },
    { name: 'b', seen, gone: true },
  ]);
});

test('a flow moves to where it is not yet wholly, to nodes that report first', () => {
  const nodes = [{ name: 'a', seen, gone: true }, { name: 'b', seen }, { name: 'c', seen, gone: true }];
  expect(movableTo({ lanes: [lane(0, 'a', true)], nodes }).map((n) => n.name)).toEqual(['b', 'c']);
  expect(movableTo({ lanes: [lane(0, 'a', true), lane(1, 'b')], nodes }).map((n) => n.name)).toEqual(['b', 'a', 'c']);
  expect(movableTo({ lanes: [lane(0, 'b')], nodes: [{ name: 'b', seen }] })).toEqual([]);
});
