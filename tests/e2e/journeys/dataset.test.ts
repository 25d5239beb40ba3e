import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { journey } from '../rig/journey.ts';
import { shot } from '../rig/shot.ts';
import { furnished, visit } from '../rig/world.ts';

journey('what records look like is learned while they are delivered, and tells of nobody', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  const known = async () => JSON.parse(await world.server.cli(['dataset', 'show', 'contoso', '--json'])) as { fields?: number; streams: { stream: string }[] };
  await expect.poll(async () => (await known()).streams.length, { timeout: 60_000 }).toBeGreaterThan(2);

  await tab.go('/datasets');
  await tab.heading('Data sets');
  await tab.page.getByRole('link', { name: 'contoso', exact: true }).first().click();
  await tab.heading('contoso');
  const records = tab.page.getByRole('listbox', { name: 'Records' }).getByRole('option');
  await records.first().waitFor();
  const streams = await known();
  expect(await records.count()).toBeGreaterThan(10);
  await tab.sees(/without what tells of a person/);
  await records.nth(1).click();
  await tab.page.getByText('JSON', { exact: true }).click();
  const body = await tab.page.locator('pre').innerText();
  expect(JSON.parse(body)).toMatchObject({ Id: expect.stringMatching(/^[0-9a-f-]{36}$/), Operation: expect.any(String) });
  expect(await tab.page.locator('main').innerText()).not.toMatch(/[\w.]+@[\w-]+\.\w+/);

  const fields = tab.page.getByRole('region', { name: 'Fields' }).getByRole('row');
  expect(await fields.count()).toBeGreaterThan(20);
  await tab.page.getByLabel('Filter fields by name').fill('workload');
  await expect.poll(() => fields.count()).toBeLessThan(6); // the tenant's records have a few fields of that name, and the table a head
  expect(await fields.count()).toBeGreaterThan(1);
  expect(await fields.nth(1).innerText()).toMatch(/workload/i);
  await tab.page.getByLabel('Filter fields by name').fill('no such field');
  await tab.sees('No field has “no such field” in its name.');
  await tab.click('Clear filters');

  await tab.page.getByRole('combobox', { name: 'Stream' }).or(tab.page.getByRole('textbox', { name: 'Stream' })).first().click();
  await tab.page.getByRole('option', { name: streams.streams[0]!.stream, exact: true }).click(); // records are options too, and longer
  await tab.page.waitForURL(/stream=/);
  await tab.page.getByRole('listbox', { name: 'Records' }).getByText(streams.streams[0]!.stream).first().waitFor();
  await tab.click('Sample now');
  await tab.sees('Read from the source just now; nothing of them is kept.');
  await records.first().waitFor({ timeout: 60_000 });
  await tab.click('Back to those that went by');
  await records.first().waitFor();
  for (const theme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme: theme });
    await tab.settled();
    await tab.still();
    expect(await violations(tab)).toEqual([]);
    await shot(tab, `dataset-${theme}`);
  }

  await tab.page.emulateMedia({ colorScheme: 'light' });
  await tab.go('/flows/contoso-archive?tab=dataset');
  await tab.sees(/^\d+ fields$/);
  await records.first().waitFor();
  await tab.settled();
  await tab.still();
  expect(await violations(tab)).toEqual([]);
}, 180_000);
