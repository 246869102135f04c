/**
 * The backend contract. A backend is not responsible for folding (it gets the model it gets), for preprocessing, for
 * labels, or for choosing itself: `compileFirst` does that in the caller's order. It never changes device or precision
 * behind the caller's back.
 */
import type { Model, Node } from './model/model.ts'
import type { TensorSpec, Tensors } from './model/tensor.ts'
import type { OnProgress } from './progress.ts'

/** How to stop a compilation, which then rejects with the code `aborted`, and how to hear how far it is. */
export interface CompileOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** How to stop a run, which then rejects with the code `aborted`; the executor stays usable. */
export interface RunOptions {
  readonly signal?: AbortSignal
}

/** What a backend keeps weights and activations in; sums of float16 may be wider. */
export type Precision = 'float32' | 'float16'

/** What an executor computes in. `int8`: the layers of the model that `integerWeight` tells, the rest in float32. */
export type ExecutorPrecision = Precision | 'int8'

/** Whether a backend runs on this machine, with what it found (`simd`, `2 threads`, an adapter), or why it does not. */
export type ProbeResult =
  | { readonly ok: true; readonly features: readonly string[] }
  | { readonly ok: false; readonly reason: string }

/** What can be told of a model before it is read. */
export interface ExpectedModel {
  /** It has int8 weights: of layers that are computed in integers, or weights alone. */
  readonly int8: 'layers' | 'weights'
}

/**
 * Something that compiles models for this machine. A function of its options makes one, which does no work yet.
 */
export interface Backend {
  /** The version of this contract. */
  readonly specVersion: 1
  /** What errors, reports and `classifier.backend` call it. */
  readonly name: string
  /**
   * Largest difference from the reference that is this backend's precision and not a fault, over the largest magnitude of the
   * output (or 1). Default 2e-5, which suits float32.
   */
  readonly tolerance?: number
  /** What this backend, as its options made it, computes in. Default `float32`. */
  readonly precision?: Precision
  /** `unspecified` where the hardware or its language may lose NaN (WGSL lets it); verification then does not look. Default `kept`. */
  readonly nan?: 'kept' | 'unspecified'
  /** Probe this machine. Never throws; a refusal says why. */
  probe(): Promise<ProbeResult>
  /**
   * Start what `compile` will need, where that takes time: for any model, while one is still to be fetched, for one of which little is known
   * while it is read, or for this one. Never throws: what fails, fails again in `compile`.
   */
  preload?(model?: Model | ExpectedModel): void
  /** The nodes this backend has no kernel for. Empty means `compile` will not refuse. */
  unsupported(model: Model): readonly Node[]
  /**
   * Choose kernels, pack weights, plan memory, build pipelines: all slow work happens here. An error with code `unavailable`,
   * `unsupported` or `device-lost` is a refusal, after which `compileFirst` tries the next backend.
   */
  compile(model: Model, options?: CompileOptions): Promise<Executor>
}

/** One dispatch of an executor: the node that it computes, others that are fused with it apart, and the kernel chosen for it. */
export interface Step {
  readonly node: string
  readonly kernel: string
}

/** A model compiled by one backend, with the memory it needs. After `dispose` calls reject with the code `disposed`. */
export interface Executor extends AsyncDisposable {
  /** The name of the backend that compiled it. */
  readonly backend: string
  /** Shapes of inputs and outputs by name, batch included. */
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  /** What it holds: weights as packed, feature maps, outputs. */
  readonly memory: { readonly bytes: number }
  /** One entry per dispatch, in order: what `print` shows and profiling times. */
  readonly steps: readonly Step[]
  /**
   * `int8` where layers are computed in integers, as `reference()` does; otherwise a weight stored as int8 stands for its float32
   * elements. Default: the backend's.
   */
  readonly precision?: ExecutorPrecision
  /** What was chosen for this model on this machine, in the words of `probe`: instruction sets, threads. */
  readonly features?: readonly string[]
  /** Inputs are borrowed until the promise settles, outputs are the caller's. Calls queue; they never interleave. */
  run(inputs: Tensors, options?: RunOptions): Promise<Tensors>
  /** Milliseconds per step, where the backend can tell. */
  profile?(inputs: Tensors): Promise<readonly { readonly step: number; readonly ms: number }[]>
  /** Wait for queued runs, then free everything. Safe to call twice. */
  dispose(): Promise<void>
}
