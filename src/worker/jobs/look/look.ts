import type { LookRequest, WorkerMessage } from '../../../shared/contract/job-protocol.ts';
import { clearCache, limitCache, listCache } from '../../data/files/cache.ts';
import { checkData } from './data.ts';
import { lookAtLayer } from './layer.ts';
import { lookAtNetwork } from './network.ts';
import { lookAtData } from './preview.ts';
import { lookAtSensitivity } from './sensitivity.ts';

/** Progress of what takes long; what it throws ends the work. */
export type LookProgress = (done: number, total: number) => void | Promise<void>;

/**
 * Answers what needs neither engine nor an opened run.
 * @throws WorkbenchError, `stopped` included
 */
export async function look(request: LookRequest, tell: LookProgress): Promise<Extract<WorkerMessage, { type: 'looked' }>> {
  switch (request.kind) {
    case 'network':
      return { type: 'looked', kind: request.kind, result: await lookAtNetwork(request.recipe, request.models) };
    case 'preview':
      return { type: 'looked', kind: request.kind, result: await lookAtData(request) };
    case 'layer':
      return { type: 'looked', kind: request.kind, result: await lookAtLayer(request) };
    case 'sensitivity':
      return { type: 'looked', kind: request.kind, result: await lookAtSensitivity(request.recipe, request.runDirectory, request.models) };
    case 'data':
      return { type: 'looked', kind: request.kind, result: await checkData(request.data, request.keep, tell) };
    case 'data-cache': {
      const { clear, limit } = request;
      if (limit !== undefined) limitCache(limit);
      const result = clear === undefined ? listCache() : clearCache(clear === 'all' ? undefined : clear.key);
      return { type: 'looked', kind: request.kind, result };
    }
  }
}
