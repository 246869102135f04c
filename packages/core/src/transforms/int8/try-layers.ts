/**
 * Which range of its inputs each layer in integers does best with, and which layers had better stay float: by what the outputs of the network
 * suffer from each of them alone, on a few of the samples.
 */
import type { Backend, ExecutorPrecision, RunOptions } from '../../backend.ts'
import type { Model } from '../../model/model.ts'
import { profile } from '../../model/profile.ts'
import type { Tensors } from '../../model/tensor.ts'
import type { OnProgress } from '../../progress.ts'
import { type Calibration, type Kept, tried } from './calibrate.ts'
import { type Candidate, chooseFloat } from './choose-float.ts'
import { reaches, usualReach } from './input-steps.ts'
import { type QuantizedLayers, quantizeLayers, withLayersOf } from './quantize-layers.ts'
import { compareOutputs, type LayerReport } from './report.ts'

interface TryOptions {
  readonly onProgress?: OnProgress
  readonly signal?: AbortSignal
}

/** Noise over signal that no range need be found for, of all layers together: -25 dB, about that of int8 weights alone. */
const harmless = 10 ** -2.5

/** A layer in integers, and what it adds to the outputs, over the power of these. */
interface Trial {
  readonly form: QuantizedLayers
  readonly noise: number
}

/**
 * `all` with the range of each layer in integers that costs the outputs least, and with the layers in float arithmetic that cost most all the
 * same, of up to `share` of the multiply-adds. As it is where `backend` does not compute in integers, so that they cost nothing.
 * @param all Every layer that can be in integers is.
 */
export async function tryLayers(
  model: Model,
  all: QuantizedLayers,
  { plans, statistics, kept }: Calibration,
  backend: Backend,
  share: number,
  { signal, onProgress }: TryOptions,
): Promise<QuantizedLayers> {
  const integers = plans.filter(({ kind }) => kind === 'int8')
  if (integers.length === 0) return all
  const stored = await quantizeLayers(
    model,
    integers.map(({ node }) => ({ node, kind: 'weights' })),
    statistics,
    { signal },
  )
  const names = integers.map(({ node }) => node.name)
  const inFloat = withLayersOf(all.model, stored.model, new Set(names))
  const samples = kept.slice(0, tried)
  const { noise: ofWeights } = await measure(inFloat, samples, backend, signal)
  const costs = new Map(profile(model).layers.map(({ node, macs }) => [node, macs]))
  const quiet = ofWeights + harmless / integers.length
  const candidates: Candidate[] = []
  const forms = new Map<string, QuantizedLayers>()
  for (const [done, plan] of integers.entries()) {
    onProgress?.({ phase: 'choose', done, total: integers.length })
    const { name } = plan.node
    const alone = (form: QuantizedLayers): Promise<Measured> =>
      measure(withLayersOf(inFloat, form.model, new Set([name])), samples, backend, signal)
    const { noise, precision } = await alone(all)
    if (precision !== 'int8') return all
    const best = await bestReach({ form: all, noise }, quiet, async (reach) => {
      const form = await quantizeLayers(model, [plan], statistics, { signal, reach })
      return { form, noise: (await alone(form)).noise }
    })
    forms.set(name, best.form)
    candidates.push({ node: name, macs: costs.get(name) ?? 0, noise: Math.max(0, best.noise - ofWeights) })
  }
  onProgress?.({ phase: 'choose', done: integers.length, total: integers.length })
  const parts = chooseFloat(candidates, share)
  for (const name of parts.keys()) forms.set(name, stored)
  let made = all.model
  for (const [name, { model: form }] of forms) made = withLayersOf(made, form, new Set([name]))
  const layers = all.layers.map(({ node }) => {
    const report = reportOf(forms.get(node) ?? all, node)
    const part = parts.get(node)
    if (part === undefined) return report
    return { ...report, reason: `${Math.round(100 * part)} % of what integers would cost` }
  })
  return { model: made, layers }
}

/**
 * What is best of the ranges next to the usual one, and as far on as it gets better: the most extreme values of a layer may be all that
 * matters, or few positions of which nothing depends. A layer that is `quiet` keeps what it has.
 */
async function bestReach(
  usual: Trial,
  quiet: number,
  trialOf: (reach: number) => Promise<Trial>,
): Promise<Trial> {
  for (const direction of [-1, 1]) {
    let best = usual
    for (let at = reaches.indexOf(usualReach) + direction; best.noise > quiet; at += direction) {
      const reach = reaches[at]
      if (reach === undefined) break
      const trial = await trialOf(reach)
      if (trial.noise > best.noise) break
      best = trial
    }
    if (best !== usual) return best
  }
  return usual
}

interface Measured {
  readonly noise: number
  readonly precision: ExecutorPrecision | undefined
}

async function measure(
  model: Model,
  samples: readonly Kept[],
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const run: RunOptions = signal ? { signal } : {}
  const executor = await backend.compile(model, run)
  try {
    const pairs: (readonly [Tensors, Tensors])[] = []
    for (const { inputs, outputs } of samples) pairs.push([outputs, await executor.run(inputs, run)])
    return {
      noise: 10 ** (-compareOutputs(pairs).sqnrDb / 10),
      precision: executor.precision ?? backend.precision,
    }
  } finally {
    await executor.dispose()
  }
}

function reportOf({ layers }: QuantizedLayers, name: string): LayerReport {
  return layers.find(({ node }) => node === name) as LayerReport
}
