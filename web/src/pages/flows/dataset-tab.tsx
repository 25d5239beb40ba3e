import { DataSet } from '../datasets/data-set';
import type { FlowStatus } from './status';

/** DatasetTab is what the flow's source yields. */
export default function DatasetTab({ flow }: { flow: FlowStatus }) {
  return <DataSet source={flow.source} />;
}
