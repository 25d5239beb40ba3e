import type { SettingField } from '../api';

/** Settings that few need, though they have no default: they stand under "More settings". */
const seldom = ['webhook.', 'publisherIdentifier', 'connection.urlToItemResolvers', 'connection.searchResultTemplates', 'delimiter', 'columns'];

/** What can be chosen for a list of words beside its defaults; the settings themselves take any. */
const suggestions: Record<string, string[]> = { contentTypes: ['DLP.All'] };

export const suggestionsFor = (f: SettingField): string[] => [...new Set([...(f.default?.split(',') ?? []), ...(suggestions[f.path] ?? []), ...(f.example ? [f.example] : [])])].filter(Boolean);

/** A Group is settings that stand together: those of one nested struct, or those on the top. */
export interface Group {
  name: string;
  fields: SettingField[];
}

/** Which settings are seen at once, and which under "More settings". */
export interface Layout {
  main: Group[];
  more: Group[];
}

/** layoutOf shows at once what must be decided (it has no default) and what stands first; the rest has sensible defaults. */
export function layoutOf(fields: SettingField[]): Layout {
  const isMain = (f: SettingField, i: number) => (i < 2 || f.default === undefined || f.default === '') && !seldom.some((s) => f.path.startsWith(s)) && !(f.type === 'true or false' && i >= 2);
  const main = fields.filter(isMain);
  return { main: grouped(main), more: grouped(fields.filter((f) => !main.includes(f))) };
}

function grouped(fields: SettingField[]): Group[] {
  const groups = new Map<string, SettingField[]>();
  for (const f of fields) {
    const name = f.path.includes('.') ? f.path.slice(0, f.path.lastIndexOf('.')) : '';
    groups.set(name, [...(groups.get(name) ?? []), f]);
  }
  return [...groups].map(([name, all]) => ({ name, fields: all }));
}
