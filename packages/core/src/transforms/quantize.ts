/**
 * The int8 form of a network, after training: no gradients, one pass of the float network over a few photographs. It knows no network:
 * what cannot be quantised stays float, and the report says why. It is not responsible for files or kernels.
 */
import type { Backend, Executor, RunOptions } from '../backend.ts'
import { MobileOneError, throwIfAborted } from '../errors.ts'
import type { Model } from '../model/model.ts'
import { refuseNonFinite } from '../model/non-finite.ts'
import type { Tensors } from '../model/tensor.ts'
import { validate } from '../model/validate.ts'
import type { OnProgress } from '../progress.ts'
import { reference } from '../reference/reference.ts'
import { calibrate, countOf, type Kept } from './int8/calibrate.ts'
import { planLayers } from './int8/plan.ts'
import { quantizeLayers } from './int8/quantize-layers.ts'
import { compareOutputs, type QuantizationReport } from './int8/report.ts'
import { tryLayers } from './int8/try-layers.ts'
import { reparameterize } from './reparameterize.ts'

/** What quantisation learns from, and what it makes. */
export interface QuantizeOptions {
  /**
   * Inputs as users will give them, prepared as for a run: 16 photographs do; of one the steps of activations come out poor.
   * Without them only weights are quantised, with the means of images of noise.
   */
  readonly samples?: Iterable<Tensors> | AsyncIterable<Tensors>
  /** Other inputs on which the result is compared with the float network. Default: up to 32 of the samples. */
  readonly heldOut?: Iterable<Tensors> | AsyncIterable<Tensors>
  /** Runs the network, before and after. Default: the reference, which is slow. */
  readonly backend?: Backend
  /** Whether layers may be computed in integers. Default: where there are samples. */
  readonly activations?: boolean
  /**
   * Of the multiply-adds that could be done in integers, how many may stay float, from 0 to 1: in the layers whose rounding the outputs
   * suffer from most, by running the network with each of them in integers, as long as those in integers add more than -15 dB to the outputs.
   * Default 0.125. A backend that does not compute in integers cannot tell, and all layers are in integers.
   */
  readonly floatShare?: number
  /** Hears of the phases `calibrate` (samples), `quantize` and `choose` (layers), and `compare` (inputs). */
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** A network in the int8 form, and what that cost. */
export interface Quantized {
  readonly model: Model
  readonly report: QuantizationReport
}

/**
 * `model` in the int8 form. With samples pointwise convolutions that read non-negative values are computed in integers (W8A7): steps of
 * 7 bits for each input channel, over the range that the outputs of the network suffer least from where `backend` computes in integers; weights of
 * 8 bits with a scale for each output channel, the diagonal of square ones in float. Other convolutions and linear layers keep float arithmetic on int8 weights,
 * which with samples are rounded so that their errors cancel on inputs like these. All of them get a bias that takes back what rounding adds to the mean of their results.
 * Depthwise convolutions, those that read the input of the network, and other weights are rounded to float16, biases stay float32.
 * @throws MobileOneError `invalid-argument` for a model with branches to fold or with int8 weights, for no samples, for activations
 * without them, and for a `floatShare` that is no share; `invalid-input` for samples that make a value infinite or NaN; `invalid-model` for weights that are; `aborted`.
 */
export async function quantize(model: Model, options: QuantizeOptions = {}): Promise<Quantized> {
  const { signal, samples, backend = reference(), activations = samples !== undefined } = options
  throwIfAborted(signal, 'quantising')
  refuseUnsuited(model)
  if (activations && !samples) {
    throw new MobileOneError(
      'invalid-argument',
      'activations in int8 need samples to know their range; give some photographs, or quantise weights only',
    )
  }
  const { floatShare = 0.125 } = options
  if (!(floatShare >= 0 && floatShare <= 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `floatShare must be a share of the multiply-adds, from 0 to 1, not ${floatShare}`,
    )
  }
  const plans = planLayers(model, activations)
  const calibration = await calibrate(model, plans, samples, backend, options)
  const all = await quantizeLayers(model, calibration.plans, calibration.statistics, options)
  validate(all.model)
  const made = await tryLayers(model, all, calibration, backend, floatShare, options)
  const compared = await compare(model, made.model, options.heldOut ? [] : calibration.kept, backend, options)
  const source = samples ? 'samples' : 'noise'
  return {
    model: made.model,
    report: {
      form: made.layers.some(({ kind }) => kind === 'int8') ? 'w8a7' : 'w8',
      layers: made.layers,
      samples: calibration.count,
      calibratedOn: source,
      comparedOn: options.heldOut ? 'heldOut' : source,
      ...compared,
    },
  }
}

function refuseUnsuited(model: Model): void {
  validate(model)
  const stored = Object.entries(model.weights).find(([, { dtype }]) => dtype === 'int8')
  if (stored) {
    throw new MobileOneError(
      'invalid-argument',
      `the weight "${stored[0]}" of model "${model.name}" is int8 already; quantise the float model that it was made of`,
    )
  }
  refuseNonFinite(model, 'quantising')
  const normalized = model.nodes.find(({ op }) => op === 'batchNorm')
  if (normalized && reparameterize(model, { partial: true }).nodes !== model.nodes) {
    throw new MobileOneError(
      'invalid-argument',
      `model "${model.name}" has branches to fold (batchNorm "${normalized.name}"); call reparameterize first and quantise what it gives`,
    )
  }
}

async function compare(
  float: Model,
  int8: Model,
  kept: readonly Kept[],
  backend: Backend,
  { heldOut, signal, onProgress }: QuantizeOptions,
): Promise<Pick<QuantizationReport, 'sqnrDb' | 'agreement' | 'compared' | 'precision'>> {
  const run: RunOptions = signal ? { signal } : {}
  const executors: Executor[] = [await backend.compile(int8, run)]
  const [executor] = executors as [Executor]
  const total = heldOut ? countOf(heldOut) : kept.length
  const pairs: (readonly [Tensors, Tensors])[] = []
  const report = (): void =>
    onProgress?.({ phase: 'compare', done: pairs.length, ...(total !== undefined && { total }) })
  try {
    if (heldOut) {
      const before = await backend.compile(float, run)
      executors.push(before)
      for await (const inputs of heldOut) {
        report()
        pairs.push([await before.run(inputs, run), await executor.run(inputs, run)])
      }
    }
    for (const { inputs, outputs } of kept) {
      report()
      pairs.push([outputs, await executor.run(inputs, run)])
    }
  } finally {
    await Promise.all(executors.map((each) => each.dispose()))
  }
  report()
  return {
    ...compareOutputs(pairs),
    compared: pairs.length,
    precision: executor.precision ?? backend.precision ?? 'float32',
  }
}
