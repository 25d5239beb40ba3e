import { Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { span } from '@/time/time';
import { useNow } from '@/time/use-now';
import { sentence } from '@/text/sentence';

interface Props {
  /** What the server says that goes on, is waited for or suffered from. */
  text: string;
  trouble?: Pick<Schemas['Trouble'], 'class' | 'until'>;
  /** It is read out when it changes: for the one thing that a page is about. */
  live?: boolean;
}

/** Doing says what goes on. Where a remote asked for a wait, the seconds that are left run down; they are shown, and not read out. */
export function Doing({ text, trouble, live }: Props) {
  return (
    <>
      {trouble?.class === 'throttled' && trouble.until && <Countdown until={Date.parse(trouble.until)} />}
      <Text span inherit role={live ? 'status' : undefined}>{sentence(text)}</Text>
    </>
  );
}

function Countdown({ until }: { until: number }) {
  const left = until - useNow(1_000);
  return left >= 1_000 ? <span role="timer" data-volatile>Waiting {span(left)}: </span> : null;
}
