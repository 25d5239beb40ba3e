// What a record is edited as is its text: JSON.parse rounds a whole number above 2^53, and what is saved would be another record.

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** memberOf gives the text of a member of a JSON object, as it stands there; undefined: it has none of this name. */
export function memberOf(text: string, name: string): string | undefined {
  let depth = 0;
  let begin = -1;
  let key: string | undefined;
  for (const m of text.matchAll(token)) {
    const [t] = m;
    if (depth === 1 && begin >= 0 && (t === ',' || t === '}')) return text.slice(begin, m.index).trim();
    if (depth === 1 && t === ':' && key === JSON.stringify(name)) begin = m.index + 1;
    key = depth === 1 && begin < 0 ? t : undefined;
    if (t === '{' || t === '[') depth++;
    if (t === '}' || t === ']') depth--;
  }
  return undefined;
}

/** indented writes JSON as people read it, each number and text as it stands. */
export function indented(text: string): string {
  let out = '';
  let depth = 0;
  let before = '';
  for (const [t] of text.matchAll(token)) {
    const closes = t === '}' || t === ']';
    if (closes) depth--;
    if (closes ? before !== '{' && before !== '[' : before === '{' || before === '[' || before === ',') out += `\n${'  '.repeat(depth)}`;
    out += t === ':' ? ': ' : t;
    if (t === '{' || t === '[') depth++;
    before = t;
  }
  return out;
}
