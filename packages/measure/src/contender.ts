/**
 * What is measured: a runtime that turns one model into logits. A contender is not responsible for timing, for choosing
 * its input, for checking its output, or for its surroundings (page, process, threads of others): a host does that.
 */
import { MobileOneError, type Model } from '@mobileone/core'

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
}

/** The error of a contender that is run before it has a model. */
export function notLoaded(): MobileOneError {
  return new MobileOneError('invalid-argument', 'load a model into the contender first')
}
