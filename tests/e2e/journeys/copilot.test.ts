import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey, type Stage } from '../rig/journey.ts';
import { fillCredential } from '../rig/pages.ts';
import { folder } from '../rig/place.ts';
import { Simulator } from '../rig/simulator.ts';
import type { Tab } from '../rig/tab.ts';
import { visit } from '../rig/world.ts';

/** office has a folder of documents, and nothing made. */
async function office(stage: Stage): Promise<{ sim: Simulator; documents: string; tab: Tab }> {
  const [server, sim] = await Promise.all([stage.own(Headrace.start()), stage.own(Simulator.start())]);
  const documents = join(folder('office'), 'documents');
  mkdirSync(documents);
  writeFileSync(join(documents, 'oil.md'), '# Oil the bearings\n\nEach month.');
  writeFileSync(join(documents, 'restart.md'), '# Restart the mill\n\nClose the sluice first.');
  const tab = await visit(stage, { server });
  return { sim, documents, tab };
}

journey('from nothing to an item in Copilot, through the wizards', async (stage) => {
  const { sim, documents, tab } = await office(stage);
  await tab.go('/sources/new');
  await tab.page.getByRole('link', { name: /^Files/ }).click();
  await tab.heading('Configure');
  await tab.field(/^Name/).fill('handbook');
  await tab.field(/^Path/).fill(documents);
  await tab.click(/^Next/);
  await tab.heading('Preview');
  await tab.sees(/fields in 2 records/, 30_000);
  await tab.click(/^Next/);
  await tab.click('Create');
  await tab.heading('handbook');

  await tab.go('/destinations/new');
  await tab.page.getByRole('link', { name: /^Microsoft 365 Copilot/ }).click();
  await tab.heading('Authenticate');
  await tab.click(/Add Credential/);
  await tab.dialog('Add New Credential');
  await fillCredential(tab, { name: 'contoso-copilot', app: sim.app('connector'), sim });
  await tab.click('Test');
  await tab.page.getByRole('list', { name: 'Checks' }).getByRole('listitem').filter({ hasText: 'ExternalItem.ReadWrite.OwnedBy' }).filter({ hasText: 'Granted' }).first().waitFor();
  await tab.click('Save');
  await tab.page.getByRole('radio', { name: /contoso-copilot/ }).waitFor();
  await tab.click(/^Next/);
  await tab.heading('Configure');
  await tab.field(/^Name/).first().fill('runbooks');
  const connection = tab.page.getByRole('group', { name: 'Connection' });
  await connection.getByLabel('ID', { exact: true }).fill('runbooks');
  await connection.getByLabel('Name', { exact: true }).fill('Runbooks');
  await connection.getByLabel('Description', { exact: true }).fill('How to run the mill');
  const item = tab.page.getByRole('group', { name: 'Item' });
  await item.getByRole('button', { name: 'Add', exact: true }).click();
  await item.getByLabel('Name 1').fill('title');
  await item.getByLabel('Value of title').fill('.title');
  await item.getByLabel('Content', { exact: true }).fill('.text');
  // Nobody may see an item by a slip: without a list of who may, there is no way on.
  await tab.click(/^Next/);
  await tab.sees(/acl/i);
  expect(await violations(tab)).toEqual([]);
  await item.getByLabel('ACL', { exact: true }).fill('[{accessType: "grant", type: "everyone", value: "everyone"}]');
  await tab.click(/^Next/);
  await tab.heading('Preview');
  await tab.page.getByRole('list', { name: 'Checks' }).waitFor({ timeout: 30_000 });
  expect(await violations(tab)).toEqual([]);
  await tab.click(/^Next/);
  await tab.heading('Review');
  await tab.click('Create');
  await tab.heading('runbooks');

  await tab.go('/flows/new');
  await tab.field(/^Name/).fill('handbook-to-copilot');
  await tab.choose('Source', 'handbook');
  await tab.choose('Destination', 'runbooks');
  await expect.poll(() => tab.field('Mode').inputValue()).toBe('mirror');
  await tab.click('Make the flow');
  await tab.heading('handbook-to-copilot');
  await expect.poll(async () => (await sim.items('runbooks')).length, { timeout: 90_000 }).toBe(2);

  await tab.go('/copilot');
  await tab.page.getByRole('link', { name: /runbooks/i }).first().click();
  await tab.heading('runbooks');
  await tab.page.getByRole('tab', { name: 'Items' }).click();
  await tab.page.getByRole('option', { name: /^oil-md--/ }).click();
  for (const side of [/Source record/, /sent/i, /Read back|in the tenant/i]) await tab.sees(side, 30_000);
  await tab.sees('In the tenant, as its record is', 30_000);
}, 240_000);

/** Keyboard types and moves; it never touches a mouse. */
class Keyboard {
  constructor(private readonly tab: Tab) {}

  /** to presses Tab until something with this name has the focus. */
  async to(name: RegExp, most = 80): Promise<void> {
    const passed: string[] = [];
    for (let i = 0; i < most; i++) {
      const now = await this.tab.focused();
      if (name.test(now)) return;
      passed.push(now);
      await this.tab.page.keyboard.press('Tab');
    }
    throw new Error(`Tab never came to ${name}, but to: ${[...new Set(passed)].join(' | ')}`);
  }

  async press(name: RegExp): Promise<void> {
    await this.to(name);
    await this.tab.page.keyboard.press('Enter');
  }

  async type(name: RegExp, text: string): Promise<void> {
    await this.to(name);
    await this.tab.page.keyboard.insertText(text);
  }
}

journey('the Copilot wizard by keyboard alone', async (stage) => {
  const { sim, tab } = await office(stage);
  const keys = new Keyboard(tab);
  await tab.page.keyboard.press('g');
  await tab.page.keyboard.press('d');
  await tab.heading('Destinations');
  await keys.press(/^New destination/);
  await tab.heading('New destination');
  await keys.press(/^Microsoft 365 Copilot/);
  await tab.heading('Authenticate');
  await keys.press(/^Add Credential/);
  await tab.dialog('Add New Credential');
  await keys.type(/^Credential Name/, 'contoso-copilot');
  const app = sim.app('connector');
  await keys.type(/^Client ID/, app.clientId);
  await keys.type(/^Client Secret/, app.secrets[0]!.Value);
  await keys.type(/^Tenant ID/, sim.tenant.id);
  await keys.press(/^Save$/);
  await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(() => tab.page.getByRole('radio', { name: /contoso-copilot/ }).evaluate((e) => e === document.activeElement)).toBe(true);
  await keys.press(/^Next/);
  await tab.heading('Configure');
  await keys.type(/^Name/, 'runbooks');
  await keys.type(/^ID/, 'runbooks');
  await keys.type(/^Name/, 'Runbooks');
  await keys.type(/^Description/, 'How to run the mill');
  await keys.press(/^Add$/);
  await keys.type(/^Name 1$/, 'title');
  await keys.type(/^Value of title$/, '.title');
  await keys.type(/^ACL/, '[{accessType: "grant", type: "everyone", value: "everyone"}]');
  await keys.press(/^Next/);
  await tab.heading('Preview');
  await keys.press(/^Next/);
  await tab.heading('Review');
  await keys.press(/^Save as paused/);
  await tab.heading('runbooks');
}, 180_000);
