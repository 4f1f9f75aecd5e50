import { createRequire } from 'node:module';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { HostArray, Shape } from './graph.ts';
import type { IntegerModule } from './integer-net.ts';
import type { MlpModule } from './mlp.ts';

export interface TensorHandle {
  id: number;
  shape: number[];
  dtype: number;
}
export interface TfOpAttribute {
  name: string;
  type: number;
  value: boolean | number | string | readonly number[];
}

/** What the N-API addon of @tensorflow/tfjs-node-gpu offers; tensors are numbers that must be deleted by hand. */
export interface TfBinding {
  createTensor(shape: readonly number[], dtype: number, data: HostArray | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): HostArray | Uint8Array;
  executeOp(name: string, attributes: readonly TfOpAttribute[], inputs: readonly number[], outputs: number): TensorHandle[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorHandle[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
}

export type SessionHandle = object;

/** A session's exports of our own native module; see resources/engine/native/session_api.cc. */
export interface SessionModule {
  openSession(graph: Uint8Array, config: Uint8Array): SessionHandle;
  /** Keeps copies for the next `runSession`. */
  feedSession(session: SessionHandle, names: readonly string[], arrays: readonly HostArray[], shapes: readonly Shape[]): void;
  runSession(session: SessionHandle, fetches: readonly string[], targets: readonly string[]): HostArray[];
  closeSession(session: SessionHandle): void;
}

/** Exports of our own native module. */
type NativeModule = IntegerModule & MlpModule & SessionModule;

let loaded: { path: string; binding: TfBinding; native: NativeModule | null } | undefined;

export interface LoadOptions {
  /** of one op; all cores when left out */
  threads?: number;
  /** our own ops; without them programs are written with TensorFlow's */
  opsPath?: string;
}

/**
 * Loads the addon; a process can hold one only. Threads and log level must be in the environment before, because
 * TensorFlow reads them once.
 * @throws WorkbenchError `engine-failed` when the library or the addon does not load
 */
export function loadBinding(addonPath: string, options: LoadOptions = {}): TfBinding {
  if (loaded) {
    if (loaded.path !== addonPath)
      throw new WorkbenchError('engine-failed', `This process already runs ${loaded.path}; start a new one for ${addonPath}.`);
    return loaded.binding;
  }
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  if (options.threads) process.env.TF_NUM_INTRAOP_THREADS = String(options.threads);
  try {
    const load = createRequire(import.meta.url);
    const binding = load(addonPath) as TfBinding;
    // The ops are for the CPU: on a GPU each would carry its tensors out and in again.
    const native = options.opsPath !== undefined && !binding.isUsingGpuDevice() ? (load(options.opsPath) as NativeModule) : null;
    loaded = { path: addonPath, binding, native };
    return binding;
  } catch (error) {
    throw new WorkbenchError(
      'engine-failed',
      `The TensorFlow addon ${addonPath} does not load (${(error as Error).message}); run '${eqnet('engine doctor')}' to see what is wrong, or '${eqnet('engine install --force')}' to set it up anew.`,
      {},
      error,
    );
  }
}

/** Version of the TensorFlow library behind the addon. */
export function tensorflowVersion(addonPath: string, options: LoadOptions = {}): string {
  return loadBinding(addonPath, options).TF_Version;
}

/** Whether the loaded library computes on a GPU. */
export function usesGpu(): boolean {
  return loaded?.binding.isUsingGpuDevice() ?? false;
}

/** Whether our own ops are loaded. */
export function hasFusedOps(): boolean {
  return nativeModule() !== null;
}

/** Whether our own ops are loaded, and the processor has an instruction that multiplies and adds bytes. */
export function multipliesBytes(): boolean {
  return nativeModule()?.multipliesBytes ?? false;
}

/** Whether our own ops are loaded, and their convolutions of floats are fast here: the processor multiplies and adds in one. */
export function fusesProducts(): boolean {
  return nativeModule()?.fusesProducts ?? false;
}

/** Our own native code, where it is loaded. */
export function nativeModule(): NativeModule | null {
  return loaded?.native ?? null;
}
