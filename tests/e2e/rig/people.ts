import type { Tab } from './tab.ts';

export interface Person {
  name: string;
  password: string;
}

/** The administrator who makes the first account. */
export const ana: Person = { name: 'ana', password: 'a mill turns while water runs' };

/** setUp makes the first account on the set-up page, and ends on the overview. */
export async function setUp(tab: Tab, code: string, who: Person = ana): Promise<void> {
  await tab.heading('Set up headrace');
  await tab.fill('Set-up code', code);
  await tab.fill('Your name', who.name);
  await tab.fill('Password', who.password);
  await tab.click('Make the account');
  await tab.heading('Overview');
}

/** signIn signs somebody in where the sign-in page is shown. */
export async function signIn(tab: Tab, who: Person = ana): Promise<void> {
  await tab.heading('Sign in');
  await tab.fill('Name', who.name);
  await tab.fill('Password', who.password);
  await tab.click('Sign in');
  await tab.page.getByRole('button', { name: `Signed in as ${who.name}` }).waitFor();
}

export async function signOut(tab: Tab): Promise<void> {
  await tab.page.getByRole('button', { name: /^Signed in as/ }).click();
  await tab.page.getByRole('menuitem', { name: 'Sign out' }).click();
}
