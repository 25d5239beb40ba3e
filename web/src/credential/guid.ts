const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const within = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** isGUID tells whether a text is a GUID, as Entra writes IDs. */
export const isGUID = (text: string): boolean => form.test(text);

/** guidsIn gives the GUIDs of a text, in their order, each once. */
export const guidsIn = (text: string): string[] => [...new Set([...text.matchAll(within)].map((m) => m[0].toLowerCase()))];

// Zero-width characters, direction marks, soft hyphens, the byte order mark: what is copied with a text and not seen.
const unseen = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/** clean takes off what is copied along with a value: what is not seen, spaces, quotes, a comma after it. */
export function clean(text: string): string {
  return text
    .replace(unseen, '')
    .replace(/\u00a0/g, ' ')
    .trim()
    .replace(/^["'`“”‘’]+|["'`“”‘’,;]+$/g, '')
    .trim();
}

/** cleanID is clean for IDs, which are also copied within braces. */
export const cleanID = (text: string): string => {
  const bare = clean(text).replace(/^\{(.*)\}$/, '$1').trim();
  return isGUID(bare) ? bare.toLowerCase() : bare;
};
