import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Empty } from '@/parts/empty';
import { Page } from '@/parts/page';

/** Overview says what to do first. */
export function Overview() {
  return (
    <Page title="Overview">
      <Empty title="Connect the first system" text="A credential signs in to a tenant; a source reads from it, and a flow leads what it reads to a destination.">
        <Button component={Link} {...({ to: '/credentials', search: { add: '' } } as object)}>Add Credential</Button>
      </Empty>
    </Page>
  );
}
