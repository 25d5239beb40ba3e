import { Button, SimpleGrid } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useChange } from '@/api/use-change';
import { Facts } from '@/parts/facts';
import { CopyYAML, YAMLText } from '@/parts/yaml-section';
import { ProblemNotice } from '@/parts/problem-notice';
import { Section } from '@/parts/section';
import { yamlOf } from '@/text/yaml';
import { createUse, fieldsOf, usesKey } from '../api';
import { specOf } from '../draft';
import { defaultOf, wholeLabelOf } from '../form/values';
import { Frame } from './frame';
import type { StepProps } from './wizard';

/** ReviewStep shows all that was decided, as people read it and as a file, and makes the thing. */
export function ReviewStep({ kind, connector, draft: { draft, forget } }: StepProps) {
  const go = useNavigate();
  const spec = specOf(connector.name, draft);
  const create = useChange((paused: boolean) => createUse(kind, { name: draft.name.trim(), description: draft.description.trim(), spec, paused, idempotencyKey: draft.key }), {
    stale: [usesKey(kind), ['credentials'], ['overview']],
    onDone: (made) => {
      forget();
      void go({ to: kind === 'source' ? '/sources/$name' : '/destinations/$name', params: { name: made.name } });
    },
  });
  const metadata = { name: draft.name.trim(), ...(draft.description.trim() ? { description: draft.description.trim() } : {}) };
  const yaml = yamlOf({ apiVersion: 'headrace/v1', kind: kind === 'source' ? 'Source' : 'Destination', metadata, spec });
  const chosen = fieldsOf(connector, kind).filter((f) => draft.settings[f.path] !== undefined || (!f.path.includes('.') && f.default)).slice(0, 12);
  return (
    <Frame
      kind={kind}
      connector={connector}
      step="review"
      finish={
        <>
          <Button loading={create.isPending && !create.variables} onClick={() => create.mutate(false)}>Create</Button>
          <Button variant="default" loading={create.isPending && create.variables} onClick={() => create.mutate(true)}>Save as paused</Button>
        </>
      }
    >
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title="What you chose">
          <Facts
            rows={[
              ['Name', draft.name || 'none yet: go back to Configure'],
              ['Description', draft.description],
              ['Connector', connector.title],
              ['Credential', draft.credential],
              ...chosen.map((f): [string, string] => [wholeLabelOf(f), told(draft.settings[f.path] ?? defaultOf(f))]),
            ]}
          />
        </Section>
        <Section title="YAML" actions={<CopyYAML text={yaml} />}><YAMLText text={yaml} /></Section>
      </SimpleGrid>
      {create.isError && <ProblemNotice error={create.error} what={`The ${kind} could not be made.`} />}
    </Frame>
  );
}

const told = (v: unknown): string => (Array.isArray(v) ? v.map((x) => (typeof x === 'object' ? JSON.stringify(x) : String(x))).join(', ') : typeof v === 'object' ? JSON.stringify(v) : typeof v === 'boolean' ? (v ? 'yes' : 'no') : String(v));
