import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Loaded } from '@/parts/loaded';
import { datasetQuery } from '../datasets/api';
import { DataSet } from '../datasets/data-set';
import type { FlowStatus } from './status';

/** DatasetTab is what the flow's source yields. */
export default function DatasetTab({ flow }: { flow: FlowStatus }) {
  const [stream, pick] = useState<string>();
  const query = useQuery(datasetQuery(flow.source));
  return <Loaded query={query} what="the data set" rows={6}>{(d) => <DataSet of={d} stream={stream} onStream={pick} />}</Loaded>;
}
