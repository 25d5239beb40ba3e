import { Accordion, Stack, Text } from '@mantine/core';
import type { SettingField } from '../api';
import { layoutOf, type Group } from './layout';
import { Setting } from './setting';
import { wordsOf, wrongForm, type Settings } from './values';

interface Props {
  fields: SettingField[];
  settings: Settings;
  onChange: (settings: Settings) => void;
  /** What is wrong, by path: shown at its setting. */
  errors: Record<string, string>;
  onTouch: (path: string) => void;
}

/** SettingsForm is a connector's settings: what must be decided at once, the rest folded away. */
export function SettingsForm({ fields, settings, onChange, errors, onTouch }: Props) {
  const { main, more } = layoutOf(fields);
  const draw = (group: Group) => <Part key={group.name} group={group} settings={settings} onChange={onChange} errors={errors} onTouch={onTouch} />;
  const hidden = more.flatMap((g) => g.fields);
  const wrong = hidden.some((f) => errors[f.path]);
  return (
    <Stack gap="md">
      {main.map(draw)}
      {hidden.length > 0 && (
        <Accordion variant="contained" key={String(wrong)} defaultValue={wrong ? 'more' : null} chevronPosition="left">
          <Accordion.Item value="more">
            <Accordion.Control><Text size="sm" fw={600}>More settings ({hidden.length}), all with defaults</Text></Accordion.Control>
            <Accordion.Panel><Stack gap="md">{more.map(draw)}</Stack></Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Stack>
  );
}

function Part({ group, settings, onChange, errors, onTouch }: Omit<Props, 'fields'> & { group: Group }) {
  const rows = group.fields.map((f) => (
    <Setting
      key={f.path}
      field={f}
      value={settings[f.path]}
      onChange={(v) => onChange({ ...settings, [f.path]: v })}
      onBlur={() => onTouch(f.path)}
      error={wrongForm(f, settings[f.path]) ?? errors[f.path]}
    />
  ));
  if (!group.name) return <>{rows}</>;
  return (
    <fieldset style={{ border: '1px solid var(--hr-line)', borderRadius: 10, padding: 16, minWidth: 0, margin: 0 }}>
      <Text component="legend" size="sm" fw={600} px={6}>{group.name.split('.').map(wordsOf).join(' › ')}</Text>
      <Stack gap="md">{rows}</Stack>
    </fieldset>
  );
}
