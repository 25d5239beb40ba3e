/** Search parameters stand in the URL as people write them ("?add=file&q=a"), not as JSON. A route's validateSearch gives them their types. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** stringifySearch is parseSearch's inverse; what is undefined, null or false is left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== null && value !== false) query.set(name, String(value));
  return query.size > 0 ? `?${query}` : '';
}

/** text reads a parameter that may be left out. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** oneOf reads a parameter that is one of some words. */
export const oneOf = <T extends string>(value: unknown, words: readonly T[]): T | undefined => words.find((w) => w === value);
