import { clean, cleanID, guidsIn, isGUID } from './guid';

/** What a pasted text says of a credential. */
export interface Pasted {
  clientId?: string;
  tenantId?: string;
  secret?: string;
  expires?: string;
}

/**
 * readPaste finds the parts of a credential in a text of several lines or in JSON: the Overview page of an app in Entra,
 * what `az ad sp create-for-rbac` and `az account show` print, settings as NAME=value. A single value gives null:
 * it belongs where it was pasted.
 */
export function readPaste(text: string): Pasted | null {
  const found = fromJSON(text) ?? fromLines(text);
  return found && Object.keys(found).length > 0 ? found : null;
}

/** The names under which tools write the parts, in small letters without what joins words. */
const names: Record<string, keyof Pasted> = {
  appid: 'clientId',
  clientid: 'clientId',
  applicationid: 'clientId',
  applicationclientid: 'clientId',
  azureclientid: 'clientId',
  armclientid: 'clientId',
  tenant: 'tenantId',
  tenantid: 'tenantId',
  directoryid: 'tenantId',
  directorytenantid: 'tenantId',
  azuretenantid: 'tenantId',
  armtenantid: 'tenantId',
  hometenantid: 'tenantId',
  password: 'secret',
  clientsecret: 'secret',
  secrettext: 'secret',
  azureclientsecret: 'secret',
  armclientsecret: 'secret',
  value: 'secret',
  enddate: 'expires',
  enddatetime: 'expires',
  expires: 'expires',
  expireson: 'expires',
};

const nameOf = (label: string): keyof Pasted | undefined => names[label.toLowerCase().replace(/^(export|set|\$env:)\s*/, '').replace(/[^a-z]/g, '')];

function fromJSON(text: string): Pasted | null {
  const [from, to] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (from < 0 || to < from || !text.includes('"')) return null;
  try {
    const all: unknown = JSON.parse(text.slice(from, to + 1));
    return typeof all === 'object' && all !== null ? taken(Object.entries(all)) : null;
  } catch {
    return null;
  }
}

/** fromLines reads "label: value", "NAME=value", a label with its value in the next line, and labels beside values in a table. */
function fromLines(text: string): Pasted | null {
  // Entra's Overview page copies a label, a colon and the value as three lines, or as two.
  const lines = text.split(/\r?\n/).map((l) => clean(l.replace(/^\s*:/, ''))).filter(Boolean);
  const pairs: [string, string][] = [];
  lines.forEach((line, i) => {
    const [, label, value] = /^([^:=\t]+?)\s*(?::|=|\t| {2,})\s*(.*)$/.exec(line) ?? [];
    if (label && value && nameOf(label)) pairs.push([label, value]);
    else if (nameOf((label ?? line).replace(/[:=]$/, '')) && lines[i + 1] && !nameOf(lines[i + 1]!)) pairs.push([label ?? line.replace(/[:=]$/, ''), lines[i + 1]!]);
  });
  if (pairs.length < 2) return null;
  return taken(pairs);
}

function taken(pairs: [string, unknown][]): Pasted {
  const found: Pasted = {};
  for (const [label, raw] of pairs) {
    const part = nameOf(label);
    if (!part || found[part] || typeof raw !== 'string') continue;
    const value = part === 'secret' ? clean(raw) : cleanID(raw);
    if (part === 'clientId' && !isGUID(value)) found.clientId = guidsIn(value)[0] ?? found.clientId;
    else if (part === 'expires') found.expires = /^\d{4}-\d\d-\d\d/.exec(value)?.[0];
    else if (part === 'secret' && isGUID(value)) continue; // the Secret ID stands beside the Value
    else found[part] = value;
  }
  return Object.fromEntries(Object.entries(found).filter(([, v]) => v)) as Pasted;
}
