import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { journey } from '../rig/journey.ts';
import { shot } from '../rig/shot.ts';
import { furnished, visit } from '../rig/world.ts';

journey('a document becomes an item in Copilot, seen from three sides', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await expect.poll(async () => (await world.sim.items('runbooks')).length, { timeout: 60_000 }).toBe(2);

  await tab.go('/copilot/runbooks?tab=items');
  const items = tab.page.getByRole('listbox', { name: 'Items' }).getByRole('option').or(tab.page.getByRole('list', { name: 'Items' }).getByRole('button'));
  await items.first().waitFor();
  expect(await items.count()).toBe(2);
  await items.filter({ hasText: /^oil-md--/ }).click();
  await tab.sees('In the tenant, as its record is', 30_000);
  await tab.sees(/Source record/);
  expect(await violations(tab)).toEqual([]);

  await tab.sees('Visible to everybody in the tenant, guests too.');

  await tab.page.getByRole('tab', { name: 'Access' }).click();
  await tab.sees(/^It names everyone/);
  await tab.field(/^Item/).fill('oil.md');
  await tab.field(/^Person/).fill('jane@contoso.com');
  await tab.click('Can they see it?');
  await tab.sees(/^This is no object ID/);
  await tab.field(/^Person/).fill(' {8F3A0000-0000-4000-8000-000000000001} ');
  await tab.click('Can they see it?');
  await tab.sees('Can see it', 30_000);
  await tab.page.getByRole('tab', { name: 'Settings' }).click();
  await tab.click('Delete runbooks…');
  await (await tab.dialog('Delete the connection runbooks')).getByText('2 items vanish').waitFor();
  await tab.page.keyboard.press('Escape');
  await tab.go('/copilot/runbooks?tab=items');
  await items.filter({ hasText: /^oil-md--/ }).click();
  await tab.sees('In the tenant, as its record is', 30_000);

  // What has changed since stands against what the tenant has; what is gone says so.
  writeFileSync(join(world.documents, 'oil.md'), '# Oil the bearings\n\nEach week now.');
  await tab.click('Look again');
  await tab.sees('Differs: content', 30_000);
  await tab.sees(/it has changed since, and the next crawl sends it/);
  await tab.sees(/^1 line differs/);
  await shot(tab, 'copilot-item-differs');
  renameSync(join(world.documents, 'oil.md'), join(world.documents, 'oil.away'));
  await tab.click('Look again');
  await tab.sees('No source record', 30_000);
  await tab.sees(/No record with the key is at the source/);
  await shot(tab, 'copilot-item-without-record');
  expect(await violations(tab)).toEqual([]);
  renameSync(join(world.documents, 'oil.away'), join(world.documents, 'oil.md'));

  await tab.go('/flows/handbook-to-copilot');
  await tab.click('Run now…');
  const crawl = await tab.dialog(/.+/);
  await crawl.getByRole('button', { name: /crawl|run|begin/i }).last().click();
  await expect.poll(async () => (await world.sim.items('runbooks')).some((i) => i.body.content?.value.includes('Each week now')), { timeout: 60_000 }).toBe(true);
}, 180_000);

journey('a flow is paused, goes on, and fetches its past as a run', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await tab.go('/flows/contoso-archive');
  await tab.heading('contoso-archive');
  await tab.click('Pause');
  await tab.sees('Flow paused.');
  expect(JSON.parse(await world.server.cli(['flow', 'show', 'contoso-archive', '--json']))).toMatchObject({ paused: true });
  await tab.click('Undo');
  await tab.sees('Flow goes on.');

  await tab.click('Backfill…');
  const dialog = await tab.dialog('Backfill contoso-archive');
  await dialog.getByLabel('Fetch what was delivered already, too').check();
  const begin = dialog.getByRole('button', { name: /^Backfill \d+ windows?$/ });
  await begin.waitFor();
  expect(await violations(tab)).toEqual([]);
  await begin.click();
  await tab.page.waitForURL(/\/runs\/run_/);
  await tab.sees(/^Succeeded/, 60_000);
  expect(await violations(tab)).toEqual([]);
  await tab.page.emulateMedia({ colorScheme: 'dark' });
  expect(await violations(tab)).toEqual([]);
}, 180_000);
