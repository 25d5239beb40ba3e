import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { events } from '../rig/delivered.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey, type Stage } from '../rig/journey.ts';
import { folder } from '../rig/place.ts';
import type { Tab } from '../rig/tab.ts';
import { furnished, visit } from '../rig/world.ts';

const orders = ['{"id":1,"amount":"12"}', '{"id":2,"amount":"a dozen"}', '{"id":3,"amount":"many"}', '{"id":4}', '{"id":5,"amount":"7"}'];

/** shop has a table of orders, some of which the flow's rule can't count. */
async function shop(stage: Stage): Promise<{ tab: Tab; counted: () => unknown[] }> {
  const server = await stage.own(Headrace.start());
  const [from, to] = [folder('orders'), folder('counted')];
  writeFileSync(join(from, 'orders.ndjson'), orders.join('\n'));
  await server.cli(['source', 'create', 'orders', '--connector', 'file', '--set', `path=${from}`, '--set', 'key=id']);
  await server.cli(['destination', 'create', 'counted', '--connector', 'file', '--set', `path=${to}`]);
  await server.cli(['flow', 'create', 'count-orders', '--source', 'orders', '--destination', 'counted', '--transform', 'jq=.amount |= tonumber']);
  const tab = await visit(stage, { server });
  return { tab, counted: () => events(to).map((o) => [o.id, o.amount]).sort((a, b) => Number(a[0]) - Number(b[0])) };
}

journey('refused records: one is mended, one is discarded, for the others the rule is mended', async (stage) => {
  const { tab, counted } = await shop(stage);
  await expect.poll(counted, { timeout: 30_000 }).toEqual([[1, 12], [5, 7]]);
  await tab.go('/');
  await tab.page.getByRole('link', { name: /refused$/ }).first().click();
  await tab.heading('Dead letters');
  await tab.sees('3 dead letters for 2 reasons.');

  await tab.page.getByRole('option', { name: /^2 root/ }).click();
  await tab.click('Edit and replay');
  const editor = tab.page.getByRole('textbox', { name: /^Record of dl_/ });
  const write = async (text: string) => {
    await editor.click();
    await tab.page.keyboard.press('Control+a');
    await tab.page.keyboard.insertText(text);
  };
  await write('{"id":2,"amount":');
  await tab.sees(/^This is no JSON/);
  expect(await tab.button('Save and replay').isDisabled()).toBe(true);
  expect(await violations(tab)).toEqual([]);
  // What is edited is the record as it is written: JavaScript's numbers would round the ticket's.
  await write('{"id":2,"amount":"24","ticket":12345678901234567890}');
  await tab.click('Save only');
  await editor.waitFor({ state: 'detached' });
  await tab.click('Edit and replay');
  await editor.getByText('12345678901234567890').waitFor();
  await tab.click('Save and replay');
  await tab.page.waitForURL(/\/runs\/run_/);
  await tab.heading('Replay of dead letters');
  await tab.sees(/^Succeeded/, 30_000);
  await expect.poll(counted).toEqual([[1, 12], [2, 24], [5, 7]]);

  await tab.go('/deadletters?flow=count-orders');
  await tab.page.getByRole('option', { name: /^1 · .*many/ }).click();
  await tab.page.getByRole('option', { name: /^3 root/ }).waitFor();
  await tab.click('Discard');
  const dialog = await tab.dialog('Discard dead letters');
  await dialog.getByText('are given up').waitFor();
  await dialog.getByRole('button', { name: 'Discard 1 record' }).click();
  await dialog.waitFor({ state: 'detached' });
  await tab.sees('1 dead letter for 1 reason.');

  await tab.click('Fix the rule');
  await tab.sees(/The sample is the dead letter dl_/);
  const rule = tab.page.getByRole('textbox', { name: /^Rule 1/ });
  await tab.sees(/^Refuses 1 of the samples/);
  await rule.fill('.amount |= (tonumber');
  await tab.sees(/not a jq program/);
  expect(await violations(tab)).toEqual([]);
  await rule.fill('.amount |= (tonumber? // 0)');
  await tab.page.getByText('Refuses 1 of the samples').waitFor({ state: 'detached' });
  await tab.click('Save and apply from now');
  await tab.sees(/^Saved\./);
  await tab.go('/deadletters?flow=count-orders');
  await tab.click('Replay 1…');
  await (await tab.dialog('Replay dead letters')).getByRole('button', { name: 'Replay 1 record' }).click();
  await tab.page.waitForURL(/\/runs\/run_/);
  await tab.sees(/^Succeeded/, 30_000);
  await expect.poll(counted).toEqual([[1, 12], [2, 24], [4, 0], [5, 7]]);
  await tab.go('/deadletters?state=discarded');
  await tab.sees('1 dead letter for 1 reason.');
}, 180_000);

journey('an item that Microsoft refuses waits with its reason, and is sent again', async (stage) => {
  const world = await furnished(stage, 'content: { events: 10, history: 1h }\nfaults: [{ on: item-put, do: invalid, times: 1 }]\n');
  const tab = await visit(stage, world);
  await expect.poll(async () => (await world.sim.items('runbooks')).length, { timeout: 60_000 }).toBe(1);
  await tab.go('/deadletters');
  await tab.sees('1 dead letter for 1 reason.');
  await tab.page.getByRole('option', { name: /Destination refused/ }).waitFor();
  await tab.click('Replay 1…');
  await (await tab.dialog('Replay dead letters')).getByRole('button', { name: 'Replay 1 record' }).click();
  await expect.poll(async () => (await world.sim.items('runbooks')).length, { timeout: 60_000 }).toBe(2);
}, 120_000);
