// JSON.parse rounds a whole number above 2^53 and writes 1.10 as 1.1: what is shown or saved would be another record. So what a record
// is edited as is its text, and what it is shown and sent as keeps such numbers as they stand.

/** A Num is a number that JavaScript would write in another way than it stands in the JSON. */
export class Num {
  constructor(readonly text: string) {}
}

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

const number = /^-?\d[\d.eE+-]*$/;

/** parsed is JSON.parse that keeps each number as it stands: as a number where JavaScript writes it the same way, else as a Num. */
export function parsed(text: string): unknown {
  const mark = unusedIn(text);
  let marked = false;
  const all = text.replace(token, (t) => {
    if (!number.test(t) || String(Number(t)) === t) return t;
    marked = true;
    return `"${mark}${t}"`;
  });
  if (!marked) return JSON.parse(text);
  return JSON.parse(all, (_, v: unknown) => (typeof v === 'string' && v.startsWith(mark) ? new Num(v.slice(mark.length)) : v));
}

/** written is JSON.stringify that writes each Num as it stands. Like that, it gives undefined for undefined. */
export function written(value: unknown, indent?: number): string | undefined {
  let marked = false;
  const plain = JSON.stringify(value, (_, v: unknown) => {
    marked ||= v instanceof Num;
    return v;
  }, indent) as string | undefined;
  if (!marked || plain === undefined) return plain;
  const mark = unusedIn(plain);
  return JSON.stringify(value, (_, v: unknown) => (v instanceof Num ? mark + v.text : v), indent).replace(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1');
}

/** unusedIn gives a text that does not stand in another one. */
function unusedIn(text: string): string {
  let mark = '~';
  while (text.includes(mark)) mark += '~';
  return mark;
}

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
