/** yamlOf writes plain values as YAML, one setting a line: for reading, before the server writes its own. */
export function yamlOf(value: Record<string, unknown>): string {
  return block(value, '');
}

function block(value: object, indent: string): string {
  return Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .map(([name, v]) => `${indent}${scalar(name)}:${after(v, indent)}`)
    .join('');
}

function after(v: unknown, indent: string): string {
  if (Array.isArray(v)) {
    if (v.every((x) => typeof x !== 'object' || x === null)) return ` [${v.map(scalar).join(', ')}]\n`;
    return `\n${v.map((x) => `${indent}  - ${flow(x)}\n`).join('')}`;
  }
  if (typeof v === 'object' && v !== null) return Object.keys(v).length === 0 ? ' {}\n' : `\n${block(v, `${indent}  `)}`;
  if (typeof v === 'string' && v.includes('\n')) return ` |-\n${v.split('\n').map((l) => `${indent}  ${l}\n`).join('')}`;
  return ` ${scalar(v)}\n`;
}

const flow = (v: unknown): string =>
  typeof v === 'object' && v !== null && !Array.isArray(v) ? `{ ${Object.entries(v).map(([k, x]) => `${scalar(k)}: ${flow(x)}`).join(', ')} }` : Array.isArray(v) ? `[${v.map(flow).join(', ')}]` : scalar(v);

// What YAML would read as something else than this text.
const odd = /^(|~|null|true|false|yes|no|on|off|[-+.]?\d.*|[-?:,[\]{}#&*!|>'"%@`].*|.*: .*|.* #.*|.*:|.*[,[\]{}].*|\s.*|.*\s)$/i;

const scalar = (v: unknown): string => (typeof v === 'string' ? (odd.test(v) && !/^-?\d+(m|h|d|s|KB|MB|GB)$/.test(v) ? JSON.stringify(v) : v) : JSON.stringify(v));
