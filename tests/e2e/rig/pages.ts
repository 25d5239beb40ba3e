import type { App, Simulator } from './simulator.ts';
import type { Tab } from './tab.ts';

interface CredentialInput {
  name: string;
  app: App;
  sim: Simulator;
}

/** fillCredential fills the overlay "Add New Credential" for an app of the simulated tenant. */
export async function fillCredential(tab: Tab, c: CredentialInput): Promise<void> {
  await tab.field(/^Credential Name/).fill(c.name);
  await tab.field(/^Client ID/).fill(c.app.clientId);
  await tab.field(/^Client Secret/).fill(c.app.secrets[0]!.Value);
  await tab.field(/^Tenant ID/).fill(c.sim.tenant.id);
  await tab.choose('Cloud', 'Custom hosts');
  const { login, graph, management, ca } = c.sim.endpoints;
  await tab.fill('Sign-in', login);
  await tab.fill('Microsoft Graph', graph);
  await tab.fill('Management API', management);
  await tab.fill('Certificates to trust', ca);
}
