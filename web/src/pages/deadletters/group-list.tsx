import { Text } from '@mantine/core';
import { count } from '@/number';
import { RecordList } from '@/parts/record-list';
import { When } from '@/time/when';
import type { LetterGroup } from './letters';

/** GroupList lists the reasons, the most frequent first. */
export function GroupList({ groups, picked, onPick }: { groups: LetterGroup[]; picked: LetterGroup; onPick: (g: LetterGroup) => void }) {
  return (
    <RecordList
      label="Reasons"
      rows={groups}
      keyOf={(g) => g.group + g.flow}
      picked={groups.indexOf(picked)}
      onPick={(i) => onPick(groups[i]!)}
      title={(g) => <><b>{count(g.count)}</b> · {stages[g.stage] ?? g.stage} refused: <Text span inherit lineClamp={3} display="inline">{g.reason}</Text></>}
      more={(g) => <>{g.flow} · last <When at={g.last} /></>}
      height={640}
    />
  );
}

export const stages: Record<string, string> = { source: 'Source', transform: 'Transform', prepare: 'Mapping', destination: 'Destination' };
