import type { LookRequest, WorkerMessage } from '../../../shared/contract/job-protocol.ts';
import { lookAtLayer } from './layer.ts';
import { lookAtNetwork } from './network.ts';
import { lookAtData } from './preview.ts';
import { lookAtSensitivity } from './sensitivity.ts';

/** Answers what needs neither engine nor an opened run. @throws WorkbenchError */
export function look(request: LookRequest): Extract<WorkerMessage, { type: 'looked' }> {
  switch (request.kind) {
    case 'network':
      return { type: 'looked', kind: request.kind, result: lookAtNetwork(request.recipe) };
    case 'preview':
      return { type: 'looked', kind: request.kind, result: lookAtData(request) };
    case 'layer':
      return { type: 'looked', kind: request.kind, result: lookAtLayer(request) };
    case 'sensitivity':
      return { type: 'looked', kind: request.kind, result: lookAtSensitivity(request.recipe, request.runDirectory) };
  }
}
