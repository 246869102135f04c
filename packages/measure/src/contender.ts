/**
 * What is measured: a runtime that turns one model into logits. A contender is not responsible for timing, for choosing
 * its input, for checking its output, or for its surroundings (page, process, threads of others): a host does that.
 */
import { type ExecutorPrecision, MobileOneError, type Model } from '@mobileone/core'
import type { Subject } from './subject.ts'

/** A model, or the bytes of one in the file format the contender reads. */
export type ModelSource = Model | Uint8Array<ArrayBuffer>

/** What is measured: something that loads a network and runs it. `create` makes one. */
export interface Contender {
  /** Make a model ready to run, in place of the one before. */
  load(source: ModelSource): Promise<void>
  /** From an input in the contender's layout to logits. Both are float32 and contiguous. */
  run(input: Float32Array): Promise<Float32Array>
  dispose(): Promise<void>
  /** What it holds now, where it can tell. */
  readonly memoryBytes?: number
  /** Kernels it runs one after another for the model it has, where it can tell. */
  readonly steps?: number
  /** What it computes the model in, where it can tell. */
  readonly precision?: ExecutorPrecision
}

/** What a contender is made with. */
export interface ContenderOptions {
  readonly threads: number
  /** Where the contender finds its own files: a URL or a folder, ending in a slash. */
  readonly assets: string
  /** NCHW. */
  readonly inputShape: readonly number[]
}

/**
 * Start the runtime, so that only the model is missing. A contender's file exports this as `create`.
 * @throws where the runtime cannot run here with these options; the message is shown as the reason.
 */
export type CreateContender = (options: ContenderOptions) => Promise<Contender>

/** What a contender loads: the model as a value, or the bytes of a file. */
export type ModelFormat = 'model' | 'safetensors' | 'onnx' | 'tflite'

/** Order of an input's axes: [N, C, H, W] or [N, H, W, C]. */
export type Layout = 'NCHW' | 'NHWC'

/** What a contender is fed with. */
export interface ContenderTraits {
  readonly format: ModelFormat
  readonly layout: Layout
  /** Layers that the model has in int8 are computed in integers, and the contender does not tell. Default false: in float32. */
  readonly integers?: boolean
}

/**
 * What a contender with these traits computes a subject in, where it does not tell.
 */
export function statedPrecision({
  integers = false,
}: Pick<ContenderTraits, 'integers'>): (subject: Subject) => ExecutorPrecision {
  return ({ expectedInFloat32 }) => (integers && expectedInFloat32 ? 'int8' : 'float32')
}

/** The error of a contender that is run before it has a model. */
export function notLoaded(): MobileOneError {
  return new MobileOneError('invalid-argument', 'load a model into the contender first')
}
