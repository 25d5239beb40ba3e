import { Group, Kbd, Stack, Switch, Table, Text } from '@mantine/core';
import { usePreference } from '@/prefs/preference';
import { entries } from './menu';
import { Dialog } from '@/parts/dialog';

const always: [string[], string][] = [
  [['Ctrl', 'K'], 'Search, go to, or do something'],
  [['Esc'], 'Close what is open'],
];

const single: [string[], string][] = [
  [['?'], 'This list'],
  [['/'], 'Filter the list on the page'],
  [['j', 'k'], 'Next, previous in the list'],
  [['Enter'], 'Open it'],
  [['e'], 'Edit what the page shows'],
];

/** KeyList shows what the keys do, and turns those without Ctrl off. */
export function KeyList({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [keys, set] = usePreference('keys');
  const goes = entries.filter((e) => e.key).map((e): [string[], string] => [['g', e.key!], `Go to ${e.label}`]);
  return (
    <Dialog opened={opened} onClose={onClose} title="Keys">
      <Stack>
        <Table aria-label="Keys and what they do" withRowBorders={false} verticalSpacing={4}>
          <Table.Tbody>
            {[...always, ...(keys === 'on' ? [...single, ...goes] : [])].map(([pressed, text]) => (
              <Table.Tr key={text}>
                <Table.Td w={110}><Group gap={4} wrap="nowrap">{pressed.map((k) => <Kbd key={k}>{k}</Kbd>)}</Group></Table.Td>
                <Table.Td><Text size="sm">{text}</Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch label="Keys without Ctrl do something" checked={keys === 'on'} onChange={(e) => set(e.currentTarget.checked ? 'on' : 'off')} />
      </Stack>
    </Dialog>
  );
}
