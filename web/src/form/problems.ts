import { ProblemError, problemOf, type FieldProblem } from '@/api/problem';
import { sentence } from '@/text/sentence';

/** Where a problem's parts go: `at` stands at fields of the form, `rest` at none of them. */
export interface Placed {
  at: Record<string, string>;
  rest: FieldProblem[];
}

/** Problems that are about one field by their nature: the whole of them stands there. */
const about: Record<string, string> = { name_taken: 'name', setup_code_wrong: 'code' };

/**
 * fieldErrors puts what the server said of single settings to the fields of a form. A field is meant by its own name, by
 * the name behind "spec.", "metadata.", "body." or "input.", and by a part of it ("contentTypes[2]" is contentTypes). A form that has
 * a name and a setting of that name calls the setting "spec.name".
 */
export function fieldErrors(error: unknown, fields: readonly string[]): Placed {
  const placed: Placed = { at: {}, rest: [] };
  const { code, title, hint, problems } = problemOf(error);
  const whole = about[code];
  if (whole && fields.includes(whole)) placed.at[whole] = [title, hint].filter(Boolean).map((t) => sentence(t!)).join(' ');
  for (const p of problems ?? []) {
    const field = fieldOf(p.field, fields);
    if (!field) placed.rest.push(p);
    else placed.at[field] = placed.at[field] ? `${placed.at[field]} ${sentence(p.text)}` : sentence(p.text);
  }
  return placed;
}

/** elsewhere gives what of an error stands at none of the fields; null: nothing is left to be said. */
export function elsewhere(error: unknown, fields: readonly string[]): unknown {
  if (!error) return null;
  const { at, rest } = fieldErrors(error, fields);
  if (Object.keys(at).length === 0) return error;
  return rest.length === 0 ? null : new ProblemError({ ...problemOf(error), problems: rest });
}

function fieldOf(path: string, fields: readonly string[]): string | undefined {
  const whole = path.replace(/^body\./, '');
  const bare = whole.replace(/^(spec|metadata|input)\./, '');
  const within = (p: string) => [...fields].sort((a, b) => b.length - a.length).find((f) => p === f || p.startsWith(`${f}.`) || p.startsWith(`${f}[`));
  return within(whole) ?? within(bare);
}
