import { Num, written } from './exact';

/** A Row of two texts side by side; undefined: the other side has a line that this one has not. */
export interface Row {
  sign: ' ' | '-' | '+' | '~';
  left?: string;
  right?: string;
}

/** More lines than this are compared in place only: the table of a full comparison would take too long. */
const most = 1500;

/** pretty writes JSON as people read it; undefined gives no lines. */
export const pretty = (value: unknown): string => written(value, 2) ?? '';

/** diff compares two JSON values line by line, whatever the order of their members: ' ' same, '-' only left, '+' only right, '~' changed. */
export function diff(left: unknown, right: unknown): Row[] {
  return rowsOf(lines(left), lines(ordered(right, left)));
}

/** ordered gives the members of value the order that they have in like, since in JSON order means nothing; new ones come last. */
export function ordered(value: unknown, like: unknown): unknown {
  if (Array.isArray(value)) return value.map((v, i) => ordered(v, Array.isArray(like) ? like[i] : undefined));
  if (!isObject(value) || !isObject(like)) return value;
  const names = [...Object.keys(like).filter((k) => k in value), ...Object.keys(value).filter((k) => !(k in like))];
  return Object.fromEntries(names.map((k) => [k, ordered(value[k], like[k])]));
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Num);

/** changes counts the rows that are not the same. */
export const changes = (rows: Row[]): number => rows.filter((r) => r.sign !== ' ').length;

const lines = (value: unknown) => (value === undefined ? [] : pretty(value).split('\n'));

function rowsOf(a: string[], b: string[]): Row[] {
  let head = 0;
  while (head < a.length && head < b.length && same(a[head]!, b[head]!)) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && same(a[a.length - 1 - tail]!, b[b.length - 1 - tail]!)) tail++;
  const equal = (x: string[], y: string[]) => x.map((l, i): Row => ({ sign: ' ', left: l, right: y[i] }));
  return [
    ...equal(a.slice(0, head), b.slice(0, head)),
    ...paired(middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))),
    ...equal(a.slice(a.length - tail), b.slice(b.length - tail)),
  ];
}

/** A comma after the last member of an object is no difference. */
const same = (a: string, b: string) => a === b || a.replace(/,$/, '') === b.replace(/,$/, '');

/** middle finds the longest lines in common, and tells the others apart by side. */
function middle(a: string[], b: string[]): Row[] {
  if (a.length > most || b.length > most) return [...a.map((l): Row => ({ sign: '-', left: l })), ...b.map((l): Row => ({ sign: '+', right: l }))];
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) common[i]![j] = same(a[i]!, b[j]!) ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const rows: Row[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(a[i]!, b[j]!)) rows.push({ sign: ' ', left: a[i++], right: b[j++] });
    else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) rows.push({ sign: '-', left: a[i++] });
    else rows.push({ sign: '+', right: b[j++] });
  }
  return rows;
}

/** paired puts a removed line beside the added one that follows it when both are of the same member. */
function paired(rows: Row[]): Row[] {
  const out: Row[] = [];
  for (let i = 0; i < rows.length; ) {
    const from = i;
    while (rows[i]?.sign === '-') i++;
    const middle = i;
    while (rows[i]?.sign === '+') i++;
    if (i === from) {
      out.push(rows[i++]!);
      continue;
    }
    const gone = rows.slice(from, middle);
    const come = rows.slice(middle, i);
    for (const g of gone) {
      const at = come.findIndex((c) => memberOf(c.right!) !== '' && memberOf(c.right!) === memberOf(g.left!));
      if (at < 0) out.push(g);
      else out.push(...come.splice(0, at), { sign: '~', left: g.left, right: come.shift()!.right });
    }
    out.push(...come);
  }
  return out;
}

const memberOf = (line: string) => /^\s*"(?:[^"\\]|\\.)*":/.exec(line)?.[0] ?? '';
