import { Anchor, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { Block } from '@/parts/block';
import { Facts } from '@/parts/facts';
import { Loaded } from '@/parts/loaded';

/** About says which server this is. */
export function About() {
  const query = useQuery({ queryKey: ['about'], queryFn: ({ signal }) => ask('GET', '/about', { signal }) });
  return (
    <Block title="About">
      <Loaded query={query} what="the server" rows={2}>
        {(a) => (
          <Stack>
            <Facts rows={[['Version', <code key="v">{a.version}</code>], ['Node', a.node], ['Data folder', <code key="d">{a.data}</code>], ['Database', a.database], ['Collecting', a.serving ? 'yes' : 'no']]} />
            <Text size="sm">The API on a page: <Anchor href="/api/docs" size="sm">/api/docs</Anchor>. Its document: <Anchor href="/api/openapi.json" size="sm">/api/openapi.json</Anchor>.</Text>
          </Stack>
        )}
      </Loaded>
    </Block>
  );
}
