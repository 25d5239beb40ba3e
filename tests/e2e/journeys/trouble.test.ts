import { expect } from 'vitest';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { ana, setUp, signIn } from '../rig/people.ts';
import { folder } from '../rig/place.ts';
import { shot } from '../rig/shot.ts';
import { furnished, visit } from '../rig/world.ts';

journey('the server goes away and comes back, and what was typed stays', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  await tab.go('/credentials?add=office-365-management-api');
  await tab.dialog('Add New Credential');
  await tab.field(/^Credential Name/).fill('half-typed');
  await tab.page.getByRole('status', { name: /^Live/ }).waitFor({ state: 'attached' });
  tab.watch.expect(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  await server.kill();
  await tab.page.getByRole('status', { name: /^Reconnecting, last update/ }).waitFor({ state: 'attached' });
  await stage.own(server.again());
  await tab.page.getByRole('status', { name: /^Live/ }).waitFor({ state: 'attached', timeout: 30_000 });
  expect(await tab.field(/^Credential Name/).inputValue()).toBe('half-typed');
}, 120_000);

journey('a page that was never opened waits for a server that is away, and the app stays', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  tab.watch.expect(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|dynamically imported module/);
  await server.kill();
  const runs = tab.page.getByRole('navigation').getByRole('link', { name: 'Runs' });
  await runs.hover(); // which loads it ahead
  await runs.click();
  await tab.sees('The server could not be reached');
  await shot(tab, 'page-without-server');
  await stage.own(server.again());
  await tab.page.getByRole('status', { name: /^Live/ }).waitFor({ state: 'attached', timeout: 30_000 });
  await tab.click('Try again');
  await tab.heading('Runs');
}, 120_000);

journey('two people edit the same thing, and neither loses anything', async (stage) => {
  const server = await stage.own(Headrace.start());
  const [first, second] = [await stage.open(server), await stage.open(server)];
  await first.go('/');
  await setUp(first, await server.setupCode());
  await server.cli(['destination', 'create', 'archive', '--connector', 'file', '--set', `path=${folder('out')}`]);
  await second.go('/');
  await signIn(second);
  for (const tab of [first, second]) {
    await tab.go('/destinations/archive?edit=true');
    await tab.dialog('Edit archive');
  }
  await first.fill('Description', 'by the first');
  await first.click('Save');
  await first.sees('by the first');
  await second.fill('Description', 'by the second');
  second.watch.expect(/status of 412/);
  await second.click('Save');
  await second.sees('Somebody changed this meanwhile');
  await second.click('Save mine over it');
  await second.page.getByRole('dialog').waitFor({ state: 'detached' }); // until then the text is still the form's
  await second.sees('by the second');
  const now = JSON.parse(await server.cli(['destination', 'show', 'archive', '--json'])) as { description: string; revision: number };
  expect(now).toMatchObject({ description: 'by the second', revision: 3 });
}, 120_000);

journey('a name that is taken is told at its field', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  await server.cli(['destination', 'create', 'archive', '--connector', 'file', '--set', `path=${folder('out')}`]);
  await tab.go('/destinations/new/file/configure');
  await tab.field(/^Name/).fill('archive');
  await tab.field(/^Path/).fill(folder('other'));
  await tab.click(/^Next/);
  await tab.sees(/archive.*(taken|there already|exists)/i);
}, 60_000);

journey('a viewer sees everything, and no button that would not work', async (stage) => {
  const world = await furnished(stage);
  await visit(stage, world);
  await world.server.cli(['user', 'add', 'vic', '--role', 'viewer', '--password-stdin'], 'a viewer looks at the water\n');
  const vic = await stage.open(world.server);
  await vic.go('/flows/contoso-archive');
  await signIn(vic, { name: 'vic', password: 'a viewer looks at the water' });
  await vic.heading('contoso-archive');
  await vic.sees('Your role is Viewer. Changing flows needs Operator.');
  expect(await vic.page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
}, 120_000);

journey('a session ends while somebody works, and the work goes on after the password', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await tab.go('/flows/contoso-archive');
  await tab.heading('contoso-archive');
  await tab.context.clearCookies();
  tab.watch.expect(/status of 40[13]/);
  await tab.dialog('You were signed out'); // the page looks again by itself
  await tab.fill('Password', ana.password);
  await tab.page.getByRole('dialog', { name: 'You were signed out' }).getByRole('button', { name: 'Sign in' }).click();
  await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
  await tab.click('Pause');
  await tab.sees('Flow paused.');
}, 120_000);

journey('by keyboard alone, from the overview to a credential', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  const keys = tab.page.keyboard;
  await keys.press('g');
  await keys.press('c');
  await tab.heading('Credentials');
  for (let i = 0; i < 60 && !(await tab.focused()).startsWith('Add Credential'); i++) await keys.press('Tab');
  expect(await tab.focused()).toMatch(/^Add Credential/);
  await keys.press('Enter');
  await tab.page.getByRole('dialog').waitFor();
  for (let i = 0; i < 20 && !(await tab.focused()).startsWith('Credential Name'); i++) {
    const office = (await tab.focused()).startsWith('Office 365');
    await keys.press(office ? 'Enter' : 'Tab');
  }
  expect(await tab.focused()).toMatch(/^Credential Name/);
  await keys.press('Escape');
  await tab.page.getByRole('dialog', { name: 'Add New Credential' }).waitFor({ state: 'detached' });
  await keys.press('Control+k');
  await keys.type('contoso-archive');
  await tab.page.getByRole('dialog').getByText('contoso-archive').first().waitFor();
  await keys.press('Enter');
  await tab.heading('contoso-archive');
}, 120_000);
