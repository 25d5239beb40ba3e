import type { Help } from '../api';

/** The app that a credential signs in as, and where an admin grants it what it asks for. */
export interface App {
  name: string;
  clientId: string;
  tenantId: string;
  consentURL: string;
  /** The app's page of permissions in Entra, whose button grants consent too. */
  portalURL: string;
}

/** appOf takes the links from the help that the server gives for exactly this app. */
export function appOf(d: { name: string; clientId: string; tenantId: string }, help: Help | undefined): App {
  const grant = help?.guide.find((s) => /consent/i.test(s.title));
  return { name: d.name.trim(), clientId: d.clientId, tenantId: d.tenantId, consentURL: help?.consent_url ?? '', portalURL: grant?.link ?? '' };
}

/** consentMessage is what an admin gets: for which app, what, why, and where to click. */
export function consentMessage(a: App, missing: string[]): string {
  return [
    `Please grant admin consent for the app ${a.name ? `“${a.name}” ` : ''}(client ID ${a.clientId}) in the tenant ${a.tenantId}.`,
    ...(missing.length > 0 ? [`Application permissions: ${missing.join(', ')}.`] : []),
    'headrace needs them to read or write on behalf of the organization; it signs in as the app, not as a person.',
    ...(a.portalURL ? [`In Entra: ${a.portalURL}`] : []),
    ...(a.consentURL ? [`Or directly: ${a.consentURL}`] : []),
  ].join('\n');
}
