import { problemOf, type FieldProblem } from '@/api/problem';
import { sentence } from '@/text/sentence';

/** Where a problem's parts go: `at` stands at fields of the form, `rest` at none of them. */
export interface Placed {
  at: Record<string, string>;
  rest: FieldProblem[];
}

/**
 * fieldErrors puts what the server said of single settings to the fields of a form. A field is meant by its own name, by
 * the name behind "spec.", "metadata.", "body." or "input.", and by a part of it ("contentTypes[2]" is contentTypes).
 */
export function fieldErrors(error: unknown, fields: readonly string[]): Placed {
  const placed: Placed = { at: {}, rest: [] };
  for (const p of problemOf(error).problems ?? []) {
    const field = fieldOf(p.field, fields);
    if (!field) placed.rest.push(p);
    else placed.at[field] = placed.at[field] ? `${placed.at[field]} ${sentence(p.text)}` : sentence(p.text);
  }
  return placed;
}

function fieldOf(path: string, fields: readonly string[]): string | undefined {
  const bare = path.replace(/^(body\.)?(spec|metadata|input|body)\./, '').replace(/^body\./, '');
  return [...fields].sort((a, b) => b.length - a.length).find((f) => bare === f || bare.startsWith(`${f}.`) || bare.startsWith(`${f}[`));
}
