import type { SettingField, Spec } from '../api';

/** Settings by their dotted path. What is not there has its default. */
export type Settings = Record<string, unknown>;

/** How a setting is entered. */
export type Entry = 'text' | 'number' | 'switch' | 'choice' | 'choices' | 'words' | 'pairs' | 'json' | 'duration' | 'size' | 'time';

/** entryOf picks the entry for a field's type, as config.Fields words it. */
export function entryOf(f: SettingField): Entry {
  if (f.type === 'list of text') return f.enum?.length ? 'choices' : 'words';
  if (f.enum?.length) return 'choice';
  switch (f.type) {
    case 'number':
      return 'number';
    case 'true or false':
      return 'switch';
    case 'duration':
      return 'duration';
    case 'size':
      return 'size';
    case 'time':
      return 'time';
    case 'mapping':
      return 'pairs';
    case 'text':
      return 'text';
  }
  return 'json';
}

/** defaultOf gives a field's default as the value that its entry holds. */
export function defaultOf(f: SettingField): unknown {
  switch (entryOf(f)) {
    case 'number':
      return f.default === undefined ? '' : Number(f.default);
    case 'switch':
      return f.default === 'true';
    case 'words':
    case 'choices':
      return f.default ? f.default.split(',') : [];
    case 'pairs':
      return {};
  }
  return f.default ?? '';
}

/** nested makes a spec of settings: "hold.limit" stands in hold. What is empty is left out. */
export function nested(settings: Settings): Spec {
  const spec: Spec = {};
  for (const [path, value] of Object.entries(settings)) {
    if (isEmpty(value)) continue;
    const parts = path.split('.');
    let at = spec;
    for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Spec;
    at[parts.at(-1)!] = trimmed(value);
  }
  return spec;
}

/** trimmed takes off what was copied along with a text; blanks alone may be meant, as between the columns of a table. */
const trimmed = (v: unknown): unknown => (typeof v === 'string' && v.trim() !== '' ? v.trim() : v);

/** settingsOf is nested's inverse, for the fields of a form. */
export function settingsOf(spec: Spec, fields: SettingField[]): Settings {
  const found: Settings = {};
  for (const f of fields) {
    let at: unknown = spec;
    for (const part of f.path.split('.')) at = typeof at === 'object' && at !== null ? (at as Spec)[part] : undefined;
    if (at !== undefined && at !== null) found[f.path] = at;
  }
  return found;
}

export const isEmpty = (v: unknown): boolean => v === undefined || v === null || v === '' || (Array.isArray(v) && v.length === 0) || (typeof v === 'object' && !Array.isArray(v) && Object.keys(v).length === 0);

/** patchOf gives what changes one spec into another, as RFC 7396 writes it: null takes a setting away. */
export function patchOf(from: Spec, to: Spec): Spec {
  const patch: Spec = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [a, b] = [from[name], to[name]];
    if (b === undefined) patch[name] = null;
    else if (isMapping(a) && isMapping(b)) {
      const inner = patchOf(a, b);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(a) !== JSON.stringify(b)) patch[name] = b;
  }
  return patch;
}

const isMapping = (v: unknown): v is Spec => typeof v === 'object' && v !== null && !Array.isArray(v);

/** wrongForm tells what is wrong with the form of a value, before the server sees it; null: nothing. */
export function wrongForm(f: SettingField, value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const text = value.trim();
  switch (entryOf(f)) {
    case 'duration':
      return /^-?(\d+(\.\d+)?(ms|s|m|h|d))+$|^0$/.test(text) ? null : 'Write a time like 90s, 15m, 24h or 7d.';
    case 'size':
      return /^\d+(\.\d+)?\s*([KMGT]i?)?B?$/i.test(text) ? null : 'Write a size like 500MB or 20GB.';
    case 'number':
      return Number.isNaN(Number(text)) ? 'Enter a number.' : null;
    case 'time':
      return Number.isNaN(Date.parse(text)) ? 'Write a time like 2026-11-23 or 2026-11-23T14:00:00Z.' : null;
  }
  return null;
}

/** wholeLabelOf says where a setting stands, too: "Hold › limit". */
export const wholeLabelOf = (f: Pick<SettingField, 'path' | 'label'>): string => f.label ?? f.path.split('.').map((p, i) => (i === 0 ? wordsOf(p) : wordsOf(p).replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase()))).join(' › ');

/** labelOf is what a form calls a setting, in its group. */
export const labelOf = (f: Pick<SettingField, 'path' | 'label'>): string => f.label ?? wordsOf(f.path);

/** wordsOf makes words of a setting's name: "contentTypes" is "Content types". */
export function wordsOf(path: string): string {
  const name = path.split('.').at(-1)!;
  const spaced = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase().replace(/\bid\b/g, 'ID').replace(/\burl\b/g, 'URL').replace(/\bacl\b/g, 'ACL');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
