import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { events } from '../rig/delivered.ts';
import { journey } from '../rig/journey.ts';
import type { Tab } from '../rig/tab.ts';
import { furnished, visit, type World } from '../rig/world.ts';

/** waits looks for the seconds that are left, of one's own refusal or of another request's behind which all wait, and for why. */
async function waits(tab: Tab): Promise<void> {
  await tab.page.getByText(/^Waiting \d+ s:/).first().waitFor({ timeout: 30_000 });
  await tab.sees('Microsoft asked us to slow down.');
}

journey('Microsoft throttles: the run, the flow and the overview say for how long, and it goes on by itself', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await expect.poll(() => events(world.out).length, { timeout: 30_000 }).toBeGreaterThan(0);
  await world.sim.ask('faults', ['list', 'blob'].map((on) => ({ on, do: 'throttle', status: 429, retryAfter: '20s' })));
  await tab.go('/flows/contoso-archive');
  await tab.click('Backfill…');
  const dialog = await tab.dialog('Backfill contoso-archive');
  await dialog.getByLabel('Fetch what was delivered already, too').check();
  await dialog.getByRole('button', { name: /^Backfill \d+ windows?$/ }).click();
  await tab.page.waitForURL(/\/runs\/run_/);
  await waits(tab);
  await tab.go('/flows/contoso-archive');
  await waits(tab);
  await tab.go('/');
  await waits(tab);
  const quota = tab.page.getByRole('table', { name: 'Quotas that refused requests' }).getByRole('row').nth(1);
  await quota.getByText(/^in \d+ s$/).waitFor({ timeout: 30_000 });
  expect(await violations(tab)).toEqual([]);
  await world.sim.ask('faults', []);
  await tab.go('/runs');
  await tab.page.getByRole('link', { name: /^Backfill/ }).first().click();
  await tab.sees(/^Succeeded/, 60_000);
}, 300_000);

journey('a client secret ends while data flows: it is told, rotated in the browser, and nothing is lost', async (stage) => {
  const world = await furnished(stage, 'tokenLifetime: 5s\ncontent: { events: 100, history: 1d, eventsPerMinute: 120, blobEvery: 2s }\n');
  const tab = await visit(stage, world);
  await expect.poll(() => events(world.out).length, { timeout: 30_000 }).toBeGreaterThan(0);
  const app = world.sim.app('collector');
  const ended = { value: app.secrets[0]!.Value, expires: '2026-01-01T00:00:00Z' };
  await world.sim.ask('tenant', { clientId: app.clientId, secrets: [ended] });
  await tab.go('/');
  const way = tab.page.getByRole('link', { name: /^Rotate secret: / });
  await way.waitFor({ timeout: 90_000 });
  await tab.sees('In trouble');
  await tab.sees(/The client secret has expired/);
  expect(await violations(tab)).toEqual([]);
  await tab.go('/credentials');
  await tab.page.getByRole('link', { name: /^contoso-audit .*Secret expired/ }).waitFor();
  await tab.go('/');
  await way.click();
  await tab.heading('contoso-audit');

  const good = 'Q~8a-new-one-that-is-good-0000000000000000';
  await world.sim.ask('tenant', { clientId: app.clientId, secrets: [ended, { value: good }] });
  await tab.click('Rotate secret');
  const dialog = await tab.dialog('Rotate the secret of contoso-audit');
  await dialog.getByText('Value', { exact: true }).click();
  const secret = dialog.getByLabel(/^Client Secret/);
  await secret.fill(app.clientId);
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  await dialog.getByText(/This looks like the Secret ID/).waitFor();
  await secret.fill('Q~8a-secret-that-nobody-made-000000000000');
  tab.watch.expect(/status of 403.*\/rotate/s);
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'the old one stays' }).waitFor({ timeout: 30_000 });
  expect(await violations(tab)).toEqual([]);
  await secret.fill(good);
  await dialog.getByRole('button', { name: 'Rotate' }).click();
  await dialog.waitFor({ state: 'detached', timeout: 30_000 });
  await tab.sees('Working');
  await wholeUntil(world, new Date().toISOString());
  await tab.go('/');
  await way.waitFor({ state: 'detached', timeout: 30_000 });
}, 240_000);

/** What the source asks for unless somebody says otherwise. */
const types = ['Audit.AzureActiveDirectory', 'Audit.Exchange', 'Audit.SharePoint', 'Audit.General'];

/** wholeUntil waits until everything that appeared before a time was delivered, each record once. */
async function wholeUntil(world: World, until: string): Promise<void> {
  await expect
    .poll(async () => {
      const given = readdirSync(world.out, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ndjson')).map((f) => readFileSync(join(world.out, f), 'utf8'));
      const d = JSON.parse(await world.sim.ask(`compare?tenant=${world.sim.tenant.name}&until=${until}${types.map((t) => `&contentType=${t}`).join('')}`, given.join(''))) as { due: number; missing: number; duplicates: number; changed: number };
      return { some: d.due > 0, missing: d.missing, duplicates: d.duplicates, changed: d.changed };
    }, { timeout: 60_000, interval: 1_000 })
    .toEqual({ some: true, missing: 0, duplicates: 0, changed: 0 });
}

journey('an hour that could not be fetched is filled from the coverage', async (stage) => {
  const world = await furnished(stage, 'content: { events: 200, history: 1d }\nfaults: [{ on: blob, contentType: Audit.Exchange, do: html }]\n');
  const tab = await visit(stage, world);
  await tab.go('/coverage?range=3d');
  const fill = tab.page.getByRole('button', { name: /^Backfill missing/ });
  await fill.waitFor({ timeout: 60_000 });
  await tab.sees('Not whole');
  const partial = tab.page.getByRole('gridcell').getByRole('button', { name: /^Audit\.Exchange contoso-archive, .*: Partial/ }).first();
  await partial.click();
  await tab.sees(/It can be had for \d+ (h|days) more/);
  expect(await violations(tab)).toEqual([]);
  await world.sim.ask('faults', []);
  await fill.click();
  const dialog = await tab.dialog('Backfill contoso-archive');
  await dialog.getByRole('button', { name: /^Backfill \d+ windows?$/ }).click();
  await tab.page.waitForURL(/\/runs\/run_/);
  await tab.sees(/^Succeeded/, 90_000);
  await tab.go('/coverage?range=3d');
  await tab.page.getByText('Whole', { exact: true }).waitFor({ timeout: 90_000 });
  expect(await fill.count()).toBe(0);
  await wholeUntil(world, new Date().toISOString());
}, 300_000);
