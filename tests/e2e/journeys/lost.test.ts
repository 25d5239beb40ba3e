import { join } from 'node:path';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { Headrace, run } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { folder } from '../rig/place.ts';
import { Postgres } from '../rig/postgres.ts';
import type { Tab } from '../rig/tab.ts';
import { visit } from '../rig/world.ts';

/** state waits until the page says how it stands with the server. */
const state = (tab: Tab, says: RegExp) => tab.page.getByRole('status', { name: says }).waitFor({ state: 'attached', timeout: 45_000 });

journey('the browser goes offline and comes back: what is shown stays, what is typed too', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  await server.cli(['destination', 'create', 'archive', '--connector', 'file', '--set', `path=${folder('out')}`]);
  await tab.go('/destinations/archive?edit=true');
  await tab.dialog('Edit archive');
  await tab.fill('Description', 'typed while offline');
  await state(tab, /^Live/);
  const network = await tab.context.newCDPSession(tab.page);
  const offline = (on: boolean) => network.send('Network.emulateNetworkConditions', { offline: on, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  tab.watch.expect(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED/);
  await offline(true);
  await tab.click('Save');
  await tab.page.getByRole('alert').filter({ hasText: 'This browser is offline' }).waitFor();
  await tab.sees('Connect to the network again; nothing that you typed is lost.');
  await state(tab, /^Reconnecting, last update/);
  expect(await violations(tab)).toEqual([]);
  await offline(false);
  await state(tab, /^Live/);
  expect(await tab.field('Description').inputValue()).toBe('typed while offline');
  await tab.click('Save');
  await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
  await tab.sees('typed while offline');
}, 120_000);

journey('the database server goes away under the pages and comes back', async (stage) => {
  const postgres = await stage.own(Postgres.start());
  const data = join(folder('nodes'), 'data');
  await run(['--data', data, '--database', postgres.url, 'init']);
  const server = await stage.own(Headrace.start({ data, args: ['--database', postgres.url] }));
  const tab = await visit(stage, { server });
  await tab.go('/destinations');
  await tab.heading('Destinations');
  await tab.settled();
  tab.watch.expect(/status of 503/);
  await postgres.halt();
  await tab.go('/flows');
  await tab.sees('The database server cannot be reached.', 60_000);
  expect(await violations(tab)).toEqual([]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(503);
  await postgres.resume();
  await tab.sees('No flows yet', 60_000);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
}, 180_000);

journey('a port that is taken is told when the server starts', async (stage) => {
  const server = await stage.own(Headrace.start());
  const second = run(['--data', join(folder('second'), 'data'), 'serve', '--listen', new URL(server.url).host]);
  await expect(second).rejects.toThrow(/is taken by another program[\s\S]*Choose another port/);
}, 60_000);
