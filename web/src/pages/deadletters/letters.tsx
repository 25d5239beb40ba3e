import { Grid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { plural } from '@/number';
import { Empty, NoMatch } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { OneGroup } from './group';
import { GroupList } from './group-list';
import type { LettersSearch } from './routes';

export type Letter = Schemas['Letter'];
export type LetterGroup = Schemas['LetterGroup'];

interface Props {
  flow?: string;
  state?: string;
  /** Present where group and letter stand in the address. */
  picked?: Pick<LettersSearch, 'group' | 'letter'>;
  onPick?: (p: Pick<LettersSearch, 'group' | 'letter'>) => void;
  onClear?: () => void;
}

/** Letters shows dead letters by reason; a picked group shows its records. */
export function Letters({ flow, state, picked, onPick, onClear }: Props) {
  const [own, setOwn] = useState<Pick<LettersSearch, 'group' | 'letter'>>({});
  const at = picked ?? own;
  const pick = onPick ?? setOwn;
  const query = useQuery({ queryKey: ['letters', 'groups', flow, state], queryFn: ({ signal }) => ask('GET', '/dead-letters/groups', { query: { flow, state: state as 'open' | undefined }, signal }), refetchInterval: 15_000 });
  return (
    <Loaded query={query} what="dead letters">
      {(all) => {
        if (all.items.length === 0 && onClear) return <NoMatch text={`No ${state ?? 'open'} dead letters${flow ? ` of ${flow}` : ''}.`} onClear={onClear} />;
        if (all.items.length === 0) return <Empty title="Nothing was refused" text="When a rule fails on a record, or a destination refuses it for good, it comes here with the reason, and can be mended and sent again." />;
        const group = all.items.find((g) => g.group === at.group) ?? all.items[0]!;
        return (
          <Stack gap="lg">
            <Text size="sm">{plural(all.dead_letters, 'dead letter')} for {plural(all.groups, 'reason')}.{all.groups > all.items.length && ` The ${all.items.length} largest are shown.`}</Text>
            <Grid gap="lg">
              <Grid.Col span={{ base: 12, md: 4 }}><GroupList groups={all.items} picked={group} onPick={(g) => pick({ group: g.group, letter: undefined })} /></Grid.Col>
              <Grid.Col span={{ base: 12, md: 8 }}><OneGroup key={group.group + group.flow + state} group={group} state={state} letter={at.letter} onLetter={(letter) => pick({ group: group.group, letter })} /></Grid.Col>
            </Grid>
          </Stack>
        );
      }}
    </Loaded>
  );
}
