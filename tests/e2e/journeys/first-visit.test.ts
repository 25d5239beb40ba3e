import { expect } from 'vitest';
import { refusals } from '../rig/form.ts';
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
  await expect.poll(() => refusals(tab.page.locator('form'))).toEqual([{ field: 'Set-up code', says: expect.stringContaining('This is not the set-up code.') }]);
  await tab.fill('Password', 'passwordpassword');
  tab.watch.expect(/status of 4(22|09).*\/api\/v1\/setup/s);
  await tab.click('Make the account');
  await expect.poll(() => refusals(tab.page.locator('form'))).toEqual([{ field: 'Password', says: expect.stringContaining('easy to guess') }]);
  const late = await stage.open(server);
  await late.go('/');
  await late.heading('Set up headrace');

  await setUp(tab, await server.setupCode());
  // The code is good for one use; who comes late is led to the sign-in.
  late.watch.expect(/status of 409.*\/api\/v1\/setup/s);
  await late.fill('Set-up code', await server.setupCode());
  await late.fill('Your name', 'eve');
  await late.fill('Password', ana.password);
  await late.click('Make the account');
  await late.sees('The first account was made already.');
  await late.click('Sign in');
  await late.heading('Sign in');
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
