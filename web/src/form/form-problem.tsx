import { ProblemNotice } from '@/parts/problem-notice';
import { elsewhere } from './problems';

interface Props {
  error: unknown;
  /** Those of the form, as for fieldErrors: what stands there is not said again. */
  fields: readonly string[];
  what?: string;
}

/** FormProblem is the notice of a form that was refused. It is silent when all that is wrong stands at the fields. */
export function FormProblem({ error, fields, what }: Props) {
  const left = elsewhere(error, fields);
  return left ? <ProblemNotice error={left} what={what} /> : null;
}
