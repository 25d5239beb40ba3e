import { dayOf } from '@/time/time';
import { cleanID, isGUID } from './guid';

/** What the form of a credential holds. The secret is only here, in memory, until it is sent. */
export interface Draft {
  name: string;
  description: string;
  clientId: string;
  /** How the secret is given: its value, or where it stands. */
  secretBy: 'value' | 'reference';
  secret: string;
  reference: string;
  /** A day, 2027-06-14, or nothing. */
  expires: string;
  tenantId: string;
  cloud: string;
  /** Hosts of cloud custom. */
  login: string;
  graph: string;
  management: string;
  ca: string;
}

export const emptyDraft: Draft = { name: '', description: '', clientId: '', secretBy: 'value', secret: '', reference: '', expires: '', tenantId: '', cloud: 'worldwide', login: '', graph: '', management: '', ca: '' };

export type Field = keyof Draft;

/** What else a check looks at. */
export interface Around {
  /** Names that are taken. */
  names: string[];
  now: number;
  /** The secret is there already and stays when nothing is typed. */
  keepsSecret?: boolean;
}

const twoYears = 24 * 31 * 86_400_000;
const nameForm = /^[a-z0-9][a-z0-9._-]*$/i;

/** check gives what is wrong at a field; null: nothing. The server has the last word. */
export function check(field: Field, d: Draft, a: Around): string | null {
  return checks[field]?.(d, a) ?? null;
}

type Check = (d: Draft, a: Around) => string | null;

const checks: Partial<Record<Field, Check>> = {
  name: ({ name }, { names }) => {
    const n = name.trim();
    if (!n) return 'Enter a name. It labels this credential on its tile.';
    if (names.some((x) => x.toLowerCase() === n.toLowerCase())) return `${n} is taken.`;
    if (n.length > 63) return 'Use at most 63 characters.';
    return nameForm.test(n) ? null : 'Use letters, digits, dots, dashes and underscores; begin with a letter or digit.';
  },
  clientId: ({ clientId, tenantId }) => {
    const id = cleanID(clientId);
    if (!id) return 'Enter the Application (client) ID of the app.';
    if (!isGUID(id)) return 'This is no client ID: it has 36 characters, like 1b4f0e98-51d7-4c55-9a3e-2f6f1f0f2c11.';
    return id === cleanID(tenantId) ? 'This is the tenant ID. The client ID is the line above it.' : null;
  },
  secret: ({ secretBy, secret }, { keepsSecret }) => {
    if (secretBy !== 'value') return null;
    if (!secret.trim()) return keepsSecret ? null : 'Paste the secret Value, or switch to a reference.';
    return isGUID(cleanID(secret)) ? 'This looks like the Secret ID. Paste the Value column instead; Entra shows it only once.' : null;
  },
  reference: ({ secretBy, reference }) => {
    if (secretBy !== 'reference') return null;
    if (!reference.trim()) return 'Enter where the secret stands: env:NAME, file:PATH or vault:PATH#FIELD.';
    return /^(env|file|vault):\S/.test(reference.trim()) ? null : 'Begin with env:, file: or vault:, as in env:CONTOSO_AUDIT_SECRET.';
  },
  expires: ({ expires }, { now }) => {
    if (!expires) return null;
    const end = Date.parse(`${expires}T00:00:00Z`);
    if (Number.isNaN(end)) return 'Enter a date, like 2027-06-14.';
    if (end < now - 86_400_000) return 'This date has passed. Make a new secret.';
    return end > now + twoYears ? `Entra gives secrets at most 24 months. Look again: is it ${dayOf(end)}?` : null;
  },
  tenantId: ({ tenantId }) => {
    const id = cleanID(tenantId);
    if (!id) return 'Enter the Directory (tenant) ID or a verified domain.';
    return isGUID(id) || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(id) ? null : 'Enter the Directory (tenant) ID, or a verified domain such as contoso.onmicrosoft.com.';
  },
  login: (d) => host(d, 'login'),
  graph: (d) => host(d, 'graph'),
  management: (d) => host(d, 'management'),
};

function host(d: Draft, field: 'login' | 'graph' | 'management'): string | null {
  const text = d[field].trim();
  return d.cloud !== 'custom' || !text || /^https:\/\/[^/\s]+\/?$/.test(text) ? null : 'Enter a host alone, like https://login.example.com.';
}

/** checkAll gives what is wrong at each field. */
export function checkAll(d: Draft, a: Around): Partial<Record<Field, string>> {
  const all: Partial<Record<Field, string>> = {};
  for (const field of Object.keys(checks) as Field[]) {
    const told = check(field, d, a);
    if (told) all[field] = told;
  }
  return all;
}
