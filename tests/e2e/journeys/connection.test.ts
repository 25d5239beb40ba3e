import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { journey } from '../rig/journey.ts';
import { shot } from '../rig/shot.ts';
import type { Tab } from '../rig/tab.ts';
import { furnished, visit } from '../rig/world.ts';

const scenario = `
graph: { schemaTime: 25s }
tenants:
  - name: contoso
    content: { events: 100, history: 1d }
    apps:
      - { name: collector, roles: [ActivityFeed.Read] }
      - { name: connector, roles: [ExternalConnection.ReadWrite.OwnedBy, ExternalItem.ReadWrite.OwnedBy] }
      - { name: stranger, roles: [ExternalConnection.ReadWrite.OwnedBy, ExternalItem.ReadWrite.OwnedBy] }
`;

/** fact is one of the page's numbers, with what stands below it. */
const fact = (tab: Tab, name: string): Locator => tab.page.locator('dl.numbers > div').filter({ has: tab.page.getByText(name, { exact: true }) });

journey('a Copilot connection from provisioning to drift: what waits, what is still there, and whose it is', async (stage) => {
  const world = await furnished(stage, scenario);
  const tab = await visit(stage, world);
  const crawl = (...more: string[]) => world.server.cli(['flow', 'run', 'handbook-to-copilot', '--yes', ...more]);
  const drift = (text: RegExp) => fact(tab, 'No longer in the source').filter({ hasText: text }).waitFor({ timeout: 30_000 });

  await tab.go('/copilot/runbooks');
  await tab.sees('Microsoft provisions the schema', 30_000);
  await drift(/Not known/);
  expect(await violations(tab)).toEqual([]);
  await shot(tab, 'connection-provisioning');
  await expect.poll(async () => (await world.sim.items('runbooks')).length, { timeout: 60_000 }).toBe(2);
  await tab.page.reload();
  await tab.sees('Ready');
  await drift(/source0as of crawl 1/);

  // Everything is gone from the folder, as when a disk is not mounted.
  for (const name of ['oil.md', 'restart.md']) rmSync(join(world.documents, name));
  await crawl();
  await tab.sees('Nothing is deleted until somebody approves', 30_000);
  await drift(/source2their deletes wait for approval/);
  expect(await violations(tab)).toEqual([]);
  await shot(tab, 'connection-guard');
  await tab.click('Approve the deletes…');
  const dialog = await tab.dialog(/^Approve the deletes of crawl 2/);
  await dialog.getByRole('textbox').fill('handbook-to-copilot');
  await dialog.getByRole('button', { name: 'Approve and delete' }).click();
  await drift(/source0as of crawl 2/);
  expect(await world.sim.items('runbooks')).toEqual([]);

  // A flow that deletes nothing leaves there what its source no longer has.
  await world.server.cli(['apply', '-f', '-', '--yes'], 'apiVersion: headrace/v1\nkind: Flow\nmetadata: { name: handbook-to-copilot }\nspec: { source: handbook, destination: runbooks, mode: mirror, deletes: never }\n');
  writeFileSync(join(world.documents, 'short-lived.md'), '# Short-lived');
  await crawl('--wait=1m');
  rmSync(join(world.documents, 'short-lived.md'));
  await crawl('--wait=1m');
  await drift(/source1they stay: the flow has deletes: never/);
  await shot(tab, 'connection-drift');

  // The same connection, looked at by an app that does not own it.
  const stranger = world.sim.app('stranger');
  await world.server.cli(['credential', 'edit', 'contoso-copilot', '--client-id', stranger.clientId, '--detach']);
  await world.server.cli(['credential', 'rotate', 'contoso-copilot', '--client-secret-stdin'], stranger.secrets[0]!.Value);
  tab.watch.expect(/status of 404/);
  await tab.page.reload();
  await tab.sees(/it belongs to another app: add this app's client ID/, 30_000);
  await shot(tab, 'connection-stranger');
}, 240_000);
