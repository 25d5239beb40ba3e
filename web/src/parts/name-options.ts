export interface Names {
  names: string[];
  /** There are others. */
  more: boolean;
}

interface Option {
  value: string;
  label: string;
  disabled?: boolean;
}

/** optionsOf gives what a list offers: what is picked though it is not among the names, the names, and a word that there are more. */
export function optionsOf(found: Names | undefined, picked: string | null | undefined): Option[] {
  const { names, more } = found ?? { names: [], more: false };
  const all = picked && !names.includes(picked) ? [picked, ...names] : names;
  return [...all.map((n) => ({ value: n, label: n })), ...(more ? [{ value: '\n', label: 'Type to find others', disabled: true }] : [])];
}
