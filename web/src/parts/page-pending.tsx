import { Loading } from './loading';
import { Page } from './page';

/** PagePending stands where a page will, while the server takes its time to send it. */
export function PagePending() {
  return (
    <Page title="Loading…">
      <Loading what="this page" />
    </Page>
  );
}
