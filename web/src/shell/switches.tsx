import { ActionIcon, Button, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun } from '@tabler/icons-react';
import { usePreference } from '@/prefs/preference';

/** ThemeSwitch changes between light and dark. Until it is used the system decides. */
export function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const next = useComputedColorScheme('light') === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Switch to the ${next} theme`}>
      <ActionIcon aria-label={`Switch to the ${next} theme`} c="var(--mantine-color-text)" onClick={() => setColorScheme(next)}>
        {next === 'dark' ? <IconMoon size={18} aria-hidden /> : <IconSun size={18} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

/** ClockSwitch changes between UTC and this computer's time zone, everywhere at once. */
export function ClockSwitch() {
  const [clock, set] = usePreference('clock');
  const [word, other] = clock === 'utc' ? ['UTC', 'local time'] : ['Local', 'UTC'];
  return (
    <Tooltip label={`Times are in ${clock === 'utc' ? 'UTC' : 'local time'}. Show ${other}`}>
      <Button variant="default" size="compact-sm" h={32} onClick={() => set(clock === 'utc' ? 'local' : 'utc')} aria-label={`${word}: times are shown so. Show ${other}`}>
        {word}
      </Button>
    </Tooltip>
  );
}
