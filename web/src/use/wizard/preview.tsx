import { Button, Group, Loader, Stack, Text } from '@mantine/core';
import { ProblemNotice } from '@/parts/problem-notice';
import { useSample, useTrial, type Unsaved } from '../api';
import { CheckList } from '../check-list';
import { unsavedOf } from '../draft';
import { Samples } from '../samples';
import { useStable } from '../use-stable';
import { Frame } from './frame';
import type { StepProps } from './wizard';

/** PreviewStep shows what is there: real records of a source, the checks of a destination. Nothing is kept of it. */
export function PreviewStep({ kind, connector, draft: { draft } }: StepProps) {
  const unsaved = useStable(unsavedOf(connector.name, draft));
  return (
    <Frame kind={kind} connector={connector} step="preview" text={kind === 'source' ? 'Records that the source has now, with the settings you chose. Nothing is kept of them.' : 'Whether it can be written to, with the settings you chose. Nothing is written.'}>
      {kind === 'source' ? <SourcePreview unsaved={unsaved} microsoft={connector.credential} /> : <DestinationPreview unsaved={unsaved} />}
    </Frame>
  );
}

function SourcePreview({ unsaved, microsoft }: { unsaved: Unsaved; microsoft: boolean }) {
  const sample = useSample(unsaved);
  if (sample.isPending) return <Waiting text="Reading records… A first listing can take a minute." />;
  return (
    <Stack gap="md">
      {sample.isError && <NotNow error={sample.error} what="Records could not be read." onRetry={() => void sample.refetch()} busy={sample.isFetching} />}
      {sample.data && (
        <>
          <Samples sampled={sample.data} microsoft={microsoft} />
          <div><Button size="xs" variant="default" loading={sample.isFetching} onClick={() => void sample.refetch()}>Read again</Button></div>
        </>
      )}
    </Stack>
  );
}

function DestinationPreview({ unsaved }: { unsaved: Unsaved }) {
  const trial = useTrial('destination', unsaved);
  if (trial.isPending) return <Waiting text="Checking…" />;
  return (
    <Stack gap="md" maw={760}>
      {trial.isError && <NotNow error={trial.error} what="The check could not be made." onRetry={() => void trial.refetch()} busy={trial.isFetching} />}
      {trial.data && <CheckList checks={trial.data} />}
      {trial.data && <div><Button size="xs" variant="default" loading={trial.isFetching} onClick={() => void trial.refetch()}>Check again</Button></div>}
    </Stack>
  );
}

const Waiting = ({ text }: { text: string }) => <Group role="status"><Loader size="sm" /><Text size="sm">{text}</Text></Group>;

function NotNow({ error, what, onRetry, busy }: { error: unknown; what: string; onRetry: () => void; busy: boolean }) {
  return (
    <Stack gap="xs" maw={760}>
      <ProblemNotice error={error} what={what} onRetry={onRetry} retrying={busy} />
      <Text size="sm">You can go on all the same, and save it paused until this is mended.</Text>
    </Stack>
  );
}
