import { expect } from 'vitest';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { likeBaseline } from '../rig/shot.ts';
import { ana, setUp, signIn, signOut } from '../rig/people.ts';

journey('the first visit ends at an overview that says what to do first', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await stage.open(server);
  await tab.go('/');
  await tab.heading('Set up headrace');
  await likeBaseline(tab, 'set-up', 'docs');

  await tab.fill('Set-up code', 'aaaaa-bbbbb-ccccc-ddddd');
  await tab.fill('Your name', ana.name);
  await tab.fill('Password', 'short');
  await tab.click('Make the account');
  await tab.sees(/Use at least 12 characters/);
  await tab.fill('Password', ana.password);
  tab.watch.expect(/status of 403.*\/api\/v1\/setup/s);
  await tab.click('Make the account');
  await tab.page.getByRole('alert').filter({ hasText: /set-up code/i }).waitFor();

  await setUp(tab, await server.setupCode());
  expect(await tab.button('Add a credential').or(tab.button(/credential/i)).count()).toBeGreaterThan(0);

  await signOut(tab);
  await tab.heading('Sign in');
  tab.watch.expect(/status of 40[13].*\/api\/v1\/session/s);
  await tab.fill('Name', ana.name);
  await tab.fill('Password', 'not my password at all');
  await tab.click('Sign in');
  await tab.page.getByRole('alert').waitFor();
  await signIn(tab);
});

journey('who is signed in comes back to where they were going', async (stage) => {
  const server = await stage.own(Headrace.start());
  const first = await stage.open(server);
  await first.go('/');
  await setUp(first, await server.setupCode());
  const second = await stage.open(server, { width: 380 });
  await second.go('/credentials?q=contoso');
  await second.heading('Sign in');
  await second.fill('Name', ana.name);
  await second.fill('Password', ana.password);
  await second.page.keyboard.press('Enter');
  await second.heading('Credentials');
  expect(new URL(second.page.url()).search).toBe('?q=contoso');
});
