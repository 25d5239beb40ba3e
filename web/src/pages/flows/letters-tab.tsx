import { Letters } from '../deadletters/letters';
import type { FlowStatus } from './status';

/** LettersTab shows what of a flow was refused. */
export default function LettersTab({ flow }: { flow: FlowStatus }) {
  return <Letters flow={flow.name} />;
}
