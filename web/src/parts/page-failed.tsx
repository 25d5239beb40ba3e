import { useRouter } from '@tanstack/react-router';
import { Page } from './page';
import { ProblemNotice } from './problem-notice';

/** PageFailed is what a page shows that broke; the menu stays. */
export function PageFailed({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page failed">
      <ProblemNotice error={error} onRetry={again} />
    </Page>
  );
}
