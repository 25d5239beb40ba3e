import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { journey } from '../rig/journey.ts';
import { furnished, visit } from '../rig/world.ts';

journey('a backfill is followed to its windows, and an hour of the coverage to its blobs', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await tab.go('/flows/contoso-archive?do=backfill');
  const dialog = await tab.dialog('Backfill contoso-archive');
  await dialog.getByLabel('Fetch what was delivered already, too').check();
  await dialog.getByRole('button', { name: /^Backfill \d+ windows?$/ }).click();
  await tab.page.waitForURL(/\/runs\/run_/);
  await tab.sees(/^Succeeded/, 90_000);
  await tab.sees(/ by admin|by .+ · took/);
  const steps = tab.page.getByRole('region', { name: 'Steps of the run' });
  for (const step of ['Plan', 'List', 'Fetch', 'Transform', 'Deliver', 'Commit']) await steps.getByRole('rowheader', { name: step }).waitFor();

  const windows = tab.page.getByRole('grid', { name: /^Windows of the run/ });
  await windows.getByRole('gridcell').getByRole('button', { name: /Delivered/ }).last().focus();
  await tab.page.keyboard.press('Enter');
  await tab.page.getByRole('region', { name: 'One window' }).waitFor();
  await tab.sees(/Last listed with something new/);
  expect(await violations(tab)).toEqual([]);

  await tab.go('/coverage');
  const hours = tab.page.getByRole('grid', { name: /^Coverage by hour/ });
  await hours.getByRole('button', { name: /Collected/ }).last().click();
  await tab.page.getByRole('region', { name: 'One hour' }).waitFor();
  await tab.sees(/Last listed with something new/);
  expect(await violations(tab)).toEqual([]);
  // Another length of time draws the grid anew.
  await tab.page.getByText('24 hours', { exact: true }).click();
  await hours.waitFor();
}, 240_000);

journey('some of many dead letters are given up, with the reason on record', async (stage) => {
  const world = await furnished(stage);
  const rule = 'apiVersion: headrace/v1\nkind: Flow\nmetadata: { name: refusing }\nspec: { source: contoso, destination: refused, mode: append, transform: [ { jq: "error(\\"no\\")" } ] }';
  const place = `apiVersion: headrace/v1\nkind: Destination\nmetadata: { name: refused }\nspec: { connector: file, path: ${world.out}-refused }`;
  await world.server.cli(['apply', '-f', '-', '--yes'], `${place}\n---\n${rule}`);
  const tab = await visit(stage, world);
  await tab.go('/deadletters?flow=refusing');
  const records = tab.page.getByRole('listbox', { name: /^Records of this group/ });
  await records.getByRole('option').nth(2).waitFor({ timeout: 60_000 });
  await records.focus();
  await tab.page.keyboard.press('Space');
  await tab.page.keyboard.press('j');
  await tab.page.keyboard.press('Space');
  await tab.sees('2 records chosen');
  expect(await violations(tab)).toEqual([]);
  await tab.click('Discard 2 chosen…');
  const dialog = await tab.dialog('Discard dead letters');
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('only a rehearsal');
  await dialog.getByRole('textbox', { name: 'Type 2 to confirm' }).fill('2');
  await dialog.getByRole('button', { name: 'Discard 2 records' }).click();
  await dialog.waitFor({ state: 'detached' });
  await tab.go('/deadletters?flow=refusing&state=discarded');
  await tab.sees(/only a rehearsal/);
  expect(JSON.parse(await world.server.cli(['deadletter', 'list', '--flow', 'refusing', '--state', 'discarded', '--json']))).toHaveLength(2);
  await tab.go('/audit');
  await tab.sees(/deadletter\.discard/);
}, 240_000);

journey('a credential shows what was done with it, and keys lead through lists', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await tab.go('/credentials/contoso-audit');
  await tab.click('Test');
  await tab.sees('Tested', 60_000);
  const history = tab.page.getByRole('region', { name: 'History' });
  await history.getByRole('cell', { name: /^Tested/ }).first().waitFor();
  expect(await violations(tab)).toEqual([]);

  await tab.go('/flows');
  await tab.heading('Flows');
  await tab.page.getByRole('link', { name: 'handbook-to-copilot' }).waitFor();
  await tab.page.keyboard.press('j');
  await tab.page.keyboard.press('j');
  expect(await tab.focused()).toBe('handbook-to-copilot');
  await tab.page.keyboard.press('k');
  await tab.page.keyboard.press('Enter');
  await tab.heading('contoso-archive');
  await tab.page.keyboard.press('e');
  await tab.page.waitForURL(/tab=settings/);
}, 180_000);
