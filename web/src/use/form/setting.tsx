import { JsonInput, MultiSelect, NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { errorLook } from '@/form/error-look';
import type { SettingField } from '../api';
import { suggestionsFor } from './layout';
import { Pairs } from './pairs';
import { defaultOf, entryOf, labelOf } from './values';

interface Props {
  field: SettingField;
  /** undefined: the default. */
  value: unknown;
  onChange: (value: unknown) => void;
  onBlur: () => void;
  error?: string;
}

/** Setting is the entry of one of a connector's settings, made of what the connector says of it. */
export function Setting({ field: f, value, onChange, onBlur, error }: Props) {
  const shown = value ?? defaultOf(f);
  const about = [f.doc, f.default && entryOf(f) !== 'switch' && !f.list ? `Default: ${f.default}.` : ''].filter(Boolean).join('. ').replace('..', '.');
  const common = { label: labelOf(f), description: about, error, onBlur, 'data-field': `spec.${f.path}`, styles: { error: errorLook(error) } };
  const example = f.example && !f.default ? `For example ${f.example}` : undefined;
  switch (entryOf(f)) {
    case 'switch':
      return <Switch label={labelOf(f)} description={f.doc} error={error} data-field={common['data-field']} checked={shown === true} onChange={(e) => onChange(e.currentTarget.checked)} onBlur={onBlur} />;
    case 'number':
      return <NumberInput {...common} value={shown as number | string} onChange={(v) => onChange(v === '' ? undefined : v)} placeholder={example} thousandSeparator=" " />;
    case 'choice':
      return <Select {...common} data={f.enum} value={String(shown)} onChange={(v) => onChange(v ?? undefined)} allowDeselect={!f.default} />;
    case 'choices':
      return <MultiSelect {...common} data={f.enum} value={shown as string[]} onChange={onChange} />;
    case 'words':
      return <TagsInput {...common} data={suggestionsFor(f)} value={texts(shown)} onChange={onChange} placeholder={texts(shown).length === 0 ? example : undefined} clearable acceptValueOnBlur splitChars={[',', '\n']} />;
    case 'pairs':
      return <Pairs {...common} value={shown as Record<string, unknown>} onChange={onChange} />;
    case 'json':
      return <JSONSetting {...common} value={value} placeholder={example ?? f.default} onChange={onChange} />;
  }
  return <TextInput {...common} value={String(shown)} placeholder={example} onChange={(e) => onChange(e.currentTarget.value)} autoComplete="off" spellCheck={false} />;
}

const texts = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : typeof v === 'string' && v ? [v] : []);

/** JSONSetting takes what has no form of its own: JSON, or a single word. */
function JSONSetting({ value, onChange, onBlur, ...rest }: { value: unknown; onChange: (v: unknown) => void; onBlur: () => void; label: string; description: string; error?: string; placeholder?: string }) {
  const [text, type] = useState(value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  const [wrong, tell] = useState<string>();
  const leave = () => {
    const read = parsed(text);
    tell(read === broken ? 'This is no JSON: look for a missing quote, comma or bracket.' : undefined);
    if (read !== broken) onChange(read);
    onBlur();
  };
  return <JsonInput {...rest} error={wrong ?? rest.error} className="mono-input" autosize minRows={1} maxRows={16} value={text} onChange={type} onBlur={leave} spellCheck={false} />;
}

const broken = Symbol('broken');

function parsed(text: string): unknown {
  const t = text.trim();
  if (t === '') return undefined;
  if (!/^[[{"]/.test(t)) return t;
  try {
    return JSON.parse(t) as unknown;
  } catch {
    return broken;
  }
}
