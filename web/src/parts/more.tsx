import { Button } from '@mantine/core';
import type { Pages } from '@/api/pages';

/** More reads the next part of a list, if there is one. */
export const More = ({ query }: { query: Pick<Pages<unknown>, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'> }) =>
  query.hasNextPage ? <Button variant="default" w="fit-content" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Load more</Button> : null;
