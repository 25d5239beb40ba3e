import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Page } from './page';

/** NotFound is what an address without a page shows. */
export function NotFound() {
  return (
    <Page title="There is no such page" text="The address may have a typing mistake, or what was there has been removed or renamed.">
      <div><Button component={Link} {...({ to: '/' } as object)}>Go to Overview</Button></div>
    </Page>
  );
}
