import { Anchor, Checkbox, Code, CopyButton, Group, Stack, Text, Button, VisuallyHidden } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconExternalLink } from '@tabler/icons-react';
import { Fragment } from 'react';
import { Loaded } from '@/parts/loaded';
import { permissionsOf } from '../result';
import { useHelp } from '../api';

/** Guide is the set-up in Entra, step by step, for this type and cloud. What is ticked is remembered until the credential is saved. */
export function Guide({ type, cloud }: { type: string; cloud: string }) {
  const help = useHelp(type, cloud);
  const [done, set] = useLocalStorage<number[]>({ key: guideKey(type), defaultValue: [], getInitialValueInEffect: false });
  const tick = (i: number) => set(done.includes(i) ? done.filter((d) => d !== i) : [...done, i]);
  return (
    <Loaded query={help} what="the set-up guide" rows={6}>
      {(h) => (
        <Stack gap="md">
          <ol className="bare-list" style={{ display: 'grid', gap: 16 }}>
            {h.guide.map((step, i) => (
              <li key={step.title}>
                <Checkbox
                  checked={done.includes(i)}
                  onChange={() => tick(i)}
                  label={<Text span fw={600} size="sm">{i + 1}. {step.title}</Text>}
                  description={<Text span size="sm" c="var(--mantine-color-text)"><WithNames text={step.text} names={permissionsOf(h)} /></Text>}
                />
                {step.link && (
                  <Anchor href={step.link} target="_blank" rel="noreferrer" size="sm" ms={32} mt={4} display="inline-block">
                    Open in the portal <IconExternalLink size={13} aria-hidden /><VisuallyHidden> for {step.title}</VisuallyHidden>
                  </Anchor>
                )}
              </li>
            ))}
          </ol>
          <Group gap="xs">
            <Text size="xs">Prefer commands?</Text>
            <CopyButton value={`headrace credential guide ${type} --cloud ${cloud}`}>
              {({ copied, copy }) => <Button size="compact-xs" variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy the command that prints this'}</Button>}
            </CopyButton>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}

/** Where the ticks of a type's guide are kept. */
export const guideKey = (type: string) => `headrace-guide-${type}`;

/** WithNames sets the names of permissions as code, so that they can be copied. */
function WithNames({ text, names }: { text: string; names: string[] }) {
  if (names.length === 0) return text;
  const parts = text.split(new RegExp(`(${[...names].sort((a, b) => b.length - a.length).map((n) => n.replaceAll('.', '\\.')).join('|')})`));
  return parts.map((p, i) => <Fragment key={i}>{names.includes(p) ? <Code>{p}</Code> : p}</Fragment>);
}
