import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fillAll, refusals } from '../rig/form.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { folder } from '../rig/place.ts';
import type { Tab } from '../rig/tab.ts';
import { visit } from '../rig/world.ts';

/** What people paste and attackers try. None of it is a name. */
const bad: Record<string, string> = {
  nothing: '',
  blanks: '   ',
  'too long': 'x'.repeat(5_000),
  'emoji and right-to-left text': '🦊 حجة עברית \u202e',
  'a script': '<script>alert(1)</script><img src=x onerror=alert(1)>',
  'a GUID in braces': '{8F3A0000-0000-4000-8000-000000000001}',
};

interface Form {
  what: string;
  at: string;
  /** Opens it where the address alone does not. */
  open?: string;
  submit: RegExp | string;
  /** What is wrong with nothing in it, at which field. */
  first: RegExp;
}

const forms: Form[] = [
  { what: 'a credential', at: '/credentials?add=office-365-management-api', submit: 'Save', first: /^Credential Name/ },
  { what: 'a credential of Copilot', at: '/credentials?add=microsoft-365-copilot', submit: 'Save', first: /^Credential Name/ },
  { what: 'a source of files', at: '/sources/new/file/configure', submit: /^Next/, first: /^Name/ },
  { what: 'a source of the audit feed', at: '/sources/new/office-365-management-api/configure', submit: /^Next/, first: /^Name/ },
  { what: 'a destination of files', at: '/destinations/new/file/configure', submit: /^Next/, first: /^Name/ },
  { what: 'a destination in Copilot', at: '/destinations/new/microsoft-365-copilot/configure', submit: /^Next/, first: /^Name/ },
  { what: 'a flow', at: '/flows/new', submit: 'Make the flow', first: /^Name/ },
  { what: 'a user', at: '/settings?tab=users', open: 'New user', submit: 'Make the user', first: /^Name/ },
];

/** standing is everything that people made. */
const standing = async (server: Headrace) => [await server.cli(['export']), await server.cli(['user', 'list', '--json=name,role'])].join('\n');

async function open(tab: Tab, form: Form) {
  await tab.go(form.at);
  await tab.page.getByRole('heading', { level: 1 }).first().waitFor();
  if (form.open) await tab.click(form.open);
  const dialog = form.open || form.at.includes('add=');
  const box = dialog ? tab.page.getByRole('dialog') : tab.page.locator('main');
  await box.getByRole('button', { name: form.submit }).last().waitFor();
  return box;
}

journey('bad input in every form is told at its field, and makes nothing', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  await server.cli(['destination', 'create', 'archive', '--connector', 'file', '--set', `path=${folder('out')}`]);
  const before = await standing(server);
  tab.page.on('dialog', (d) => void d.dismiss().then(() => expect.unreachable(`a script ran: ${d.message()}`)));
  tab.watch.expect(/status of 4(0[139]|22)/);
  for (const form of forms) {
    for (const [kind, text] of Object.entries(bad)) {
      const box = await open(tab, form);
      const name = `${form.what} of ${kind}`;
      expect(await fillAll(box, text), name).toBeGreaterThan(1);
      await box.getByRole('button', { name: form.submit }).last().click();
      await expect.poll(() => refusals(box), { message: name, timeout: 10_000 }).not.toEqual([]);
      const said = await refusals(box);
      const atFields = said.filter((r) => r.field && r.says).map((r) => r.says.replace(/\.$/, '').slice(1));
      for (const notice of said.filter((r) => !r.field)) for (const text of atFields) expect(notice.says, `${name} is told twice`).not.toContain(text);
      for (const r of said) expect(r.says, `${name} at ${r.field}`).toMatch(/^(?!.*(could not be reached|went wrong)).*\w{2,}/s);
      if (kind === 'nothing' || kind === 'blanks') expect(said.map((r) => r.field).join('\n'), name).toMatch(new RegExp(form.first.source, 'm'));
      expect(await tab.page.evaluate(() => document.querySelectorAll('main script, main img[onerror], [role=dialog] img[onerror]').length), name).toBe(0);
      await tab.page.evaluate(() => localStorage.clear()); // drafts
    }
  }
  expect(await standing(server)).toBe(before);
}, 300_000);

journey('what is written in another way is understood: blanks, braces, quotes and blocks of text', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  const [client, tenant] = ['1b4f0000-0000-4000-8000-000000000001', '8f3a0000-0000-4000-8000-000000000002'];
  await tab.go('/credentials?add=office-365-management-api');
  await tab.dialog('Add New Credential');
  await tab.paste(/^Client ID/, `Display name\theadrace\nApplication (client) ID\t${client}\nObject ID\t11111111-0000-4000-8000-000000000003\nDirectory (tenant) ID\t${tenant}\n`);
  await expect.poll(() => tab.field(/^Tenant ID/).inputValue()).toBe(tenant);
  expect(await tab.field(/^Client ID/).inputValue()).toBe(client);

  // A block belongs to all fields, wherever it is pasted; its secret must not stand in a text that the browser keeps.
  await tab.paste('Credential Description', `{"appId":"${client}","password":"Q~8planted-secret","tenant":"${tenant}"}`);
  expect(await tab.field(/^Client Secret/).inputValue()).toBe('Q~8planted-secret');
  expect(await tab.page.evaluate(() => JSON.stringify(localStorage))).not.toContain('planted');
  await tab.page.keyboard.press('Escape');
  const question = await tab.dialog('Close without saving?');
  await tab.page.keyboard.press('Escape');
  await question.waitFor({ state: 'detached' });
  expect(await tab.field(/^Client Secret/).inputValue()).toBe('Q~8planted-secret');
  await tab.field(/^Tenant ID/).fill(client);
  await tab.field(/^Credential Name/).focus();
  await tab.sees('This is the tenant ID. The client ID is the line above it.');

  await tab.field(/^Credential Name/).fill('  contoso-audit  ');
  await tab.field(/^Client ID/).fill(`\u200b {${client.toUpperCase()}} `);
  await tab.field(/^Tenant ID/).fill(`"${tenant}"`);
  await tab.field(/^Client Secret/).fill('  Q~8a-secret-of-nobody-00000000000000000 ');
  await tab.field('Secret expires on').fill('9999-12-31');
  await tab.field(/^Credential Name/).focus();
  await tab.sees(/more than (24 months|two years)|24 months/i);
  await tab.field('Secret expires on').fill('');
  await tab.click('Save');
  await tab.page.getByRole('dialog', { name: 'Add New Credential' }).waitFor({ state: 'detached' });
  const made = JSON.parse(await server.cli(['credential', 'show', 'contoso-audit', '--json'])) as { client_id: string; tenant_id: string };
  expect([made.client_id.toLowerCase(), made.tenant_id.toLowerCase()]).toEqual([client, tenant]);

  // What may be called anything is shown as it is written.
  const name = '<script>alert(1)</script> 🦊 حجة';
  await tab.go('/settings?tab=tokens');
  await tab.click('New token');
  const dialog = await tab.dialog('New API token');
  await dialog.getByLabel(/^Name/).fill(name);
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  await dialog.getByText('Copy it now: it is not shown again').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await tab.sees(name);
}, 120_000);

journey('a flow is described in any script, its samples keep their digits, and a mistake in a rule is told once', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  const rows = folder('rows');
  writeFileSync(join(rows, 'a.json'), '[{"id":9007199254740993,"d":1.10}]');
  await server.cli(['source', 'create', 'rows', '--connector', 'file', '--set', `path=${rows}`]);
  await server.cli(['destination', 'create', 'archive', '--connector', 'file', '--set', `path=${folder('out')}`]);
  await tab.go('/flows/new?source=rows&destination=archive');
  await tab.field(/^Name/).fill('kept');
  await tab.fill('Description', '🦊 حجة');
  await tab.page.getByLabel('Start paused').check();
  await tab.click('Make the flow');
  await tab.heading('kept');
  await tab.sees('🦊 حجة');

  await tab.go('/flows/kept?tab=transform');
  await tab.click('Add a rule');
  await tab.page.getByRole('menuitem', { name: /Change/ }).click();
  const rule = tab.page.getByRole('textbox', { name: 'Rule 1: Change (jq)' });
  await rule.fill('.next = .id + 1');
  await tab.sees('"next": 9007199254740994');
  await tab.sees('"d": 1.10');
  await rule.fill('.next = (');
  await tab.sees(/not a jq program/);
  tab.watch.expect(/status of 422/);
  const refused = tab.page.waitForResponse((r) => r.url().endsWith('/flows/kept') && r.status() === 422);
  await tab.click(/^Save and apply/);
  await refused;
  expect(await tab.page.getByText(/not a jq program/).count()).toBe(1);
  expect(await refusals(tab.page.locator('main'))).toEqual([{ field: 'Rule 1: Change (jq)', says: expect.stringContaining('not a jq program') }]);
}, 120_000);
