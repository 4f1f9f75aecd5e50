/** The targets whose facts are known; a new one is a file here and a line. */
import { onnxruntimeCpu } from './onnxruntime-cpu.ts';
import { openvinoCpu } from './openvino-cpu.ts';
import type { Target } from './target.ts';
import { tensorrt } from './tensorrt.ts';

export const TARGETS: readonly Target[] = [onnxruntimeCpu, openvinoCpu, tensorrt];
