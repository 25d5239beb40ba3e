/** A Cloud is one of Microsoft's separate clouds, as internal/microsoft has them: the names that a credential gives, and the hosts. */
export interface Cloud {
  value: string;
  label: string;
  login: string;
  graph: string;
  /** '' where the Management Activity API is not known to exist. */
  management: string;
  /** The portal where applications are registered. */
  entra: string;
}

export const clouds: Cloud[] = [
  { value: 'worldwide', label: 'Worldwide', login: 'login.microsoftonline.com', graph: 'graph.microsoft.com', management: 'manage.office.com', entra: 'entra.microsoft.com' },
  { value: 'gcc', label: 'GCC', login: 'login.microsoftonline.com', graph: 'graph.microsoft.com', management: 'manage-gcc.office.com', entra: 'entra.microsoft.com' },
  { value: 'gcc-high', label: 'GCC High', login: 'login.microsoftonline.us', graph: 'graph.microsoft.us', management: 'manage.office365.us', entra: 'entra.microsoft.us' },
  { value: 'dod', label: 'DoD', login: 'login.microsoftonline.us', graph: 'dod-graph.microsoft.us', management: 'manage.protection.apps.mil', entra: 'entra.microsoft.us' },
  { value: 'china', label: 'China (21Vianet)', login: 'login.partner.microsoftonline.cn', graph: 'microsoftgraph.chinacloudapi.cn', management: '', entra: 'portal.azure.cn' },
  { value: 'custom', label: 'Custom hosts', login: '', graph: '', management: '', entra: 'entra.microsoft.com' },
];

/** cloudOf gives a cloud by the name in a credential. */
export const cloudOf = (value: string): Cloud => clouds.find((c) => c.value === value) ?? clouds[0]!;

/** hostsOf says which hosts a credential of a type will talk to. */
export function hostsOf(value: string, type: string): string {
  const c = cloudOf(value);
  return [c.login, type === 'microsoft-365-copilot' ? c.graph : c.management || 'this API is not known to exist there'].filter(Boolean).join(', ');
}
