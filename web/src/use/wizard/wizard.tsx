import { Loaded } from '@/parts/loaded';
import { NotFound } from '@/parts/not-found';
import { useConnector, type Connector } from '../api';
import { useDraft } from '../draft';
import type { Kind } from '../kind';
import { AuthenticateStep } from './authenticate';
import { ConfigureStep } from './configure';
import { PreviewStep } from './preview';
import { ReviewStep } from './review';

/** What a step works on. */
export interface StepProps {
  kind: Kind;
  connector: Connector;
  draft: ReturnType<typeof useDraft>;
}

const parts = { authenticate: AuthenticateStep, configure: ConfigureStep, preview: PreviewStep, review: ReviewStep };

/** Wizard is one step of making a source or destination. Type → Authenticate → Configure → Preview → Review. */
export function Wizard({ kind, connector, step }: { kind: Kind; connector: string; step: string }) {
  const query = useConnector(connector);
  const draft = useDraft(kind, connector);
  const Part = parts[step as keyof typeof parts];
  if (!Part) return <NotFound />;
  return (
    <Loaded query={query} what="the connector">
      {(c) => (c.use.includes(kind) ? <Part key={step} kind={kind} connector={c} draft={draft} /> : <NotFound />)}
    </Loaded>
  );
}
