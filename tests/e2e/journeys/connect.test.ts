import { expect } from 'vitest';
import { events } from '../rig/delivered.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { fillCredential } from '../rig/pages.ts';
import { folder } from '../rig/place.ts';
import { Simulator } from '../rig/simulator.ts';
import { likeBaseline } from '../rig/shot.ts';
import type { Tab } from '../rig/tab.ts';
import { visit } from '../rig/world.ts';

journey('from nothing to an event in a file', async (stage) => {
  const [server, sim] = await Promise.all([stage.own(Headrace.start()), stage.own(Simulator.start())]);
  const out = folder('out');
  const tab = await visit(stage, { server });

  await tab.go('/sources');
  await tab.click('New source');
  await tab.heading('New source');
  await tab.page.getByRole('link', { name: /Office 365 Management/ }).waitFor();
  await likeBaseline(tab, 'new-source', 'docs');
  await tab.page.getByRole('link', { name: /Office 365 Management/ }).click();
  await tab.heading('Authenticate');
  await tab.click(/Add Credential/);
  await wrongFieldsFirst(tab, sim);
  await fillCredential(tab, { name: 'contoso-audit', app: sim.app('collector'), sim });
  await tab.click('Test');
  const checks = tab.page.getByRole('list', { name: 'Checks' }).getByRole('listitem');
  await checks.filter({ hasText: 'ActivityFeed.Read' }).filter({ hasText: 'Granted' }).first().waitFor();
  await tab.click('Save');
  const tile = tab.page.getByRole('radio', { name: /contoso-audit/ });
  await tile.waitFor();
  expect(await tile.isChecked()).toBe(true);
  await expect.poll(() => tile.evaluate((e) => e === document.activeElement)).toBe(true);

  await tab.click(/^Next/);
  await tab.heading('Configure');
  await tab.field(/^Name/).fill('contoso');
  await tab.click(/^Next/);
  await tab.heading('Preview');
  await tab.sees(/fields in \d+ records/, 30_000);
  await tab.sees('CreationTime');
  await tab.click(/^Next/);
  await tab.heading('Review');
  await tab.click('Create');
  await tab.heading('contoso');

  await newFile(tab, out);
  await newFlow(tab, 'contoso-archive', 'contoso', 'archive');
  await expect.poll(() => events(out).length, { timeout: 60_000 }).toBeGreaterThan(0);
  for (const e of events(out)) expect(e).toHaveProperty('CreationTime');
  await tab.page.getByText(/\d[\d,.]* delivered|delivered/i).first().waitFor();
}, 180_000);

/** wrongFieldsFirst makes the mistakes that people make, and sees each told where it is. */
async function wrongFieldsFirst(tab: Tab, sim: Simulator): Promise<void> {
  const app = sim.app('collector');
  await tab.dialog('Add New Credential');
  await tab.sees('Prefer commands?');
  await likeBaseline(tab, 'add-credential', 'docs');
  await tab.click('Save');
  await tab.sees('Enter a name. It labels this credential on its tile.');
  expect(await tab.focused()).toMatch(/^Credential Name/);
  await tab.field(/^Client Secret/).fill(app.secrets[0]!.ID);
  await tab.field(/^Tenant ID/).fill(app.clientId);
  await tab.field(/^Client ID/).fill(app.clientId);
  await tab.field('Secret expires on').fill('2020-01-31');
  await tab.field(/^Tenant ID/).focus();
  await tab.sees(/This looks like the Secret ID/);
  await tab.sees('This is the tenant ID. The client ID is the line above it.');
  await tab.sees('This date has passed. Make a new secret.');
  await tab.paste(/^Client ID/, JSON.stringify({ appId: app.clientId, displayName: 'collector', password: app.secrets[0]!.Value, tenant: sim.tenant.id }, null, 2));
  await tab.sees(/Filled from what you pasted: Client ID, Client Secret, Tenant ID|Filled from what you pasted/);
  expect(await tab.field(/^Tenant ID/).inputValue()).toBe(sim.tenant.id);
  expect(await tab.field(/^Client Secret/).inputValue()).toBe(app.secrets[0]!.Value);
  await tab.field('Secret expires on').fill('');
}

async function newFile(tab: Tab, path: string): Promise<void> {
  await tab.go('/destinations/new');
  await tab.page.getByRole('link', { name: /File/ }).first().click();
  await tab.heading('Configure');
  await tab.field(/^Name/).fill('archive');
  await tab.field(/^Path/).fill(path);
  await tab.click(/^Next/);
  await tab.heading('Preview');
  await tab.page.getByRole('list', { name: 'Checks' }).waitFor();
  await tab.click(/^Next/);
  await tab.heading('Review');
  await tab.click('Create');
  await tab.heading('archive');
}

async function newFlow(tab: Tab, name: string, source: string, destination: string): Promise<void> {
  await tab.go('/flows/new');
  await tab.field(/^Name/).fill(name);
  await tab.choose('Source', source);
  await tab.choose('Destination', destination);
  await tab.click('Make the flow');
  await tab.heading(name);
}
