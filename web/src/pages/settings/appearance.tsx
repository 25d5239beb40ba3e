import { Radio, Stack, Switch, useMantineColorScheme } from '@mantine/core';
import { usePreference } from '@/prefs/preference';

/** Appearance is kept in this browser. */
export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [clock, setClock] = usePreference('clock');
  const [keys, setKeys] = usePreference('keys');
  return (
    <Stack gap="xl" maw={560}>
      <Radio.Group label="Theme" description="Kept in this browser" value={colorScheme} onChange={(v) => setColorScheme(v as typeof colorScheme)}>
        <Stack gap="xs" mt="xs"><Radio value="auto" label="As the system has it" /><Radio value="light" label="Light" /><Radio value="dark" label="Dark" /></Stack>
      </Radio.Group>
      <Radio.Group label="Times" value={clock} onChange={(v) => setClock(v as typeof clock)}>
        <Stack gap="xs" mt="xs"><Radio value="utc" label="In UTC" /><Radio value="local" label="In this computer’s time zone" /></Stack>
      </Radio.Group>
      <Switch label="Keys without Ctrl do something" description="Like g and f to go to the flows, / to filter, ? for the list" checked={keys === 'on'} onChange={(e) => setKeys(e.currentTarget.checked ? 'on' : 'off')} />
    </Stack>
  );
}
