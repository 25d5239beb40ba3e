import { expect } from 'vitest';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { visit } from '../rig/world.ts';

const thing = (kind: string, name: string, spec: string) => `apiVersion: headrace/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;

journey('one of many is found: a tile that no first page has, a name that no list shows unasked', async (stage) => {
  const server = await stage.own(Headrace.start());
  const all = Array.from({ length: 150 }, (_, i) => String(i).padStart(3, '0')).flatMap((n) => [
    thing('Credential', `tenant-${n}`, `{ type: office-365-management-api, tenantId: 8f3a2b6c-0d4e-4f5a-8b7c-6d5e4f3a2${n}, clientId: 1b4f0a52-6d1e-4c0b-9d3a-5f2e7c8a9b10, clientSecret: { ref: "env:NOBODYS" } }`),
    thing('Destination', `files-${n}`, `{ connector: file, path: /srv/files/${n} }`),
  ]);
  await server.cli(['apply', '-f', '-', '--yes'], all.join('---\n'));
  const tab = await visit(stage, { server });

  await tab.go('/sources/new/office-365-management-api/authenticate');
  const tiles = tab.page.getByRole('radio');
  await expect.poll(() => tiles.count()).toBe(100);
  const filter = tab.page.getByLabel('Filter credentials');
  await filter.fill('tenant-149');
  await expect.poll(() => tiles.count()).toBe(1);
  await tiles.first().click();
  await filter.fill('');
  await expect.poll(() => tiles.count()).toBe(101);
  await tab.page.getByRole('radio', { name: /tenant-149/, checked: true }).waitFor();
  await tab.click('Load more');
  await expect.poll(() => tiles.count()).toBe(150);

  await tab.go('/flows/new');
  const name = tab.page.getByRole('combobox', { name: 'Destination' }).or(tab.page.getByRole('textbox', { name: 'Destination' })).first();
  await name.click();
  await tab.page.getByRole('option', { name: 'Type to find others' }).waitFor();
  await name.pressSequentially('les-149');
  await tab.page.getByRole('option', { name: 'files-149' }).click();
  expect(await name.inputValue()).toBe('files-149');
}, 120_000);
