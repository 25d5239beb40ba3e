import { Button, Code, CopyButton, ScrollArea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { Loaded } from './loaded';
import { Section } from './section';

/** YAMLSection shows a thing as `headrace export` writes it: names and references, never a secret. */
export function YAMLSection({ kind, name, revision }: { kind: string; name: string; revision: number }) {
  const query = useQuery({ queryKey: ['yaml', kind, name, revision], queryFn: ({ signal }) => ask('POST', '/files/export', { body: { kind, names: [name] }, signal }) });
  return (
    <Section title="YAML" actions={query.data && <CopyYAML text={query.data.yaml} />}>
      <Loaded query={query} what="the YAML" rows={3}>{(file) => <YAMLText text={file.yaml} />}</Loaded>
    </Section>
  );
}

export function CopyYAML({ text }: { text: string }) {
  return <CopyButton value={text}>{({ copied, copy }) => <Button size="compact-sm" variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>;
}

export function YAMLText({ text }: { text: string }) {
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Text of the YAML' }}>
      <Code block bg="transparent" p={0} fz={13} style={{ overflow: 'visible' }}>{text}</Code>
    </ScrollArea>
  );
}
