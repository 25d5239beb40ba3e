import { RunList } from '../runs/run-list';
import type { FlowStatus } from './status';

/** RunsTab lists a flow's runs. */
export default function RunsTab({ flow }: { flow: FlowStatus }) {
  return <RunList filter={{ flow: flow.name }} />;
}
