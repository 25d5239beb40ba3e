import { Text, Tooltip, type TextProps } from '@mantine/core';
import { usePreference } from '@/prefs/preference';
import { absolute, isTime, relative } from './time';
import { useNow } from './use-now';

interface Props extends TextProps {
  /** As the server writes it; nothing and the zero time show `none`. */
  at: string | undefined | null;
  none?: string;
  /** relative: "4 min ago", the rest on hover; absolute: the time itself; both: "2026-11-23 14:02:11 UTC (4 min ago)". */
  show?: 'relative' | 'absolute' | 'both';
}

/** When shows a time, relative and absolute, in the zone that the person chose. */
export function When({ at, none = '–', show = 'relative', ...text }: Props) {
  const [clock] = usePreference('clock');
  const now = useNow(10_000);
  if (!isTime(at)) return <Text span inherit {...text}>{none}</Text>;
  const [full, near] = [absolute(at, clock), relative(at, now)];
  const shown = show === 'relative' ? near : show === 'absolute' ? full : `${full} (${near})`;
  return (
    <Tooltip label={show === 'absolute' ? near : full} disabled={show === 'both'}>
      <Text span inherit component="time" {...text} {...{ dateTime: at }}>{shown}</Text>
    </Tooltip>
  );
}
