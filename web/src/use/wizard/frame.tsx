import { Box, Button, Group, Stepper, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Page } from '@/parts/page';
import { words, type Kind } from '../kind';
import { beside, stepsFor, titles, type Step } from './steps';

interface Props {
  kind: Kind;
  connector: { name: string; title: string; credential: boolean };
  step: Step;
  text?: string;
  /** Called before going on; false stays. */
  onNext?: () => boolean | Promise<boolean>;
  /** What stands in the place of Next on the last step. */
  finish?: ReactNode;
  nextDisabled?: boolean;
  children: ReactNode;
}

/** Frame is what every step has: the way, the step bar, Back and Next. */
export function Frame({ kind, connector, step, text, onNext, finish, nextDisabled, children }: Props) {
  const go = useStep(kind, connector.name);
  const all = stepsFor(connector.credential);
  const { back, next } = beside(all, step);
  return (
    <Page
      title={titles[step]}
      crumbs={[{ label: words[kind].title, to: kind === 'source' ? '/sources' : '/destinations' }, { label: `New ${kind}`, to: kind === 'source' ? '/sources/new' : '/destinations/new' }, { label: connector.title }]}
    >
      <StepBar all={all} step={step} onStep={go} />
      {text && <Text size="sm">{text}</Text>}
      {children}
      <Group mt="xs">
        {back && <Button variant="default" onClick={() => go(back)}>Back</Button>}
        {finish}
        {next && <Button disabled={nextDisabled} onClick={async () => ((await onNext?.()) ?? true) && go(next)}>Next: {titles[next].toLowerCase()}</Button>}
      </Group>
    </Page>
  );
}

/** useStep goes to a step of the wizard. */
export function useStep(kind: Kind, connector: string): (step: Step) => void {
  const go = useNavigate();
  return (step) => {
    if (step === 'type') void go({ to: kind === 'source' ? '/sources/new' : '/destinations/new' });
    else void go({ to: kind === 'source' ? '/sources/new/$connector/$step' : '/destinations/new/$connector/$step', params: { connector, step } });
  };
}

function StepBar({ all, step, onStep }: { all: Step[]; step: Step; onStep: (step: Step) => void }) {
  const narrow = useMediaQuery('(max-width: 48em)');
  const at = all.indexOf(step);
  if (narrow) return <Text size="sm" fw={600}>Step {at + 1} of {all.length}: {titles[step]}</Text>;
  return (
    <Box component="nav" aria-label="Steps">
      <Stepper active={at} size="sm" iconSize={28} onStepClick={(i) => i < at && onStep(all[i]!)}>
        {all.map((s, i) => <Stepper.Step key={s} label={titles[s]} allowStepSelect={i < at} aria-current={i === at ? 'step' : undefined} />)}
      </Stepper>
    </Box>
  );
}
