import type { Recipe } from '../recipe.ts'
import type { TorchPlanSettings } from './settings.ts'

/** An option of timm's train.py without its dashes, and its value; true for a switch. */
export type TimmOption = readonly [name: string, value: string | number | true | readonly number[]]

/** The release whose train.py has all options used here, and their meanings. */
export const timmVersion = '1.0.28'

/**
 * The options of timm's train.py that come nearest to the recipe: one resolution, the last, and one weight decay, the first.
 * timm counts the epochs after a warm-up with `--warmup-prefix`, calls SGD without Nesterov `momentum`, and jitters colours unless told not to.
 */
export function timmOptions(settings: TorchPlanSettings): readonly TimmOption[] {
  const { recipe, model, dataset } = settings
  const { learningRate: rate, augmentation, ema } = recipe
  const last = lastPhase(recipe)
  const warmup = Math.min(Math.round(rate.warmupEpochs), recipe.epochs - 1)
  const { crop } = augmentation
  const options: TimmOption[] = [
    ['data-dir', dataset.folder],
    ['train-split', dataset.train],
    ...(dataset.validation === null ? [] : [['val-split', dataset.validation] as const]),
    ['model', model],
    ['num-classes', dataset.classes],
    ['input-size', [dataset.channels, ...last.size]],
    ['mean', dataset.preprocess.mean],
    ['std', dataset.preprocess.std],
    ['interpolation', dataset.preprocess.interpolation],
    ['crop-pct', round(Math.min(...dataset.preprocess.size) / dataset.preprocess.resize)],
    ['batch-size', last.batchSize / (settings.devices * settings.machines)],
    ['epochs', recipe.epochs - warmup],
    ['opt', recipe.optimizer.nesterov ? 'sgd' : 'momentum'],
    ['momentum', recipe.optimizer.momentum],
    ['weight-decay', recipe.weightDecay.from],
    ['sched', 'cosine'],
    ['sched-on-updates', true],
    ['lr', rate.peak],
    ['min-lr', rate.final],
    ['warmup-epochs', warmup],
    ['warmup-lr', rate.peak * rate.warmupFactor],
    ['warmup-prefix', true],
    ['smoothing', recipe.labelSmoothing],
    ['hflip', augmentation.flip ? 0.5 : 0],
    ['color-jitter', 0],
    ['train-interpolation', dataset.preprocess.interpolation],
    ['seed', recipe.seed],
    ['workers', settings.workers],
    ['output', settings.output],
    ['experiment', recipe.name],
    ['pin-mem', true],
  ]
  if (dataset.channels === 1) options.push(['in-chans', 1], ['input-img-mode', 'L'])
  if (crop.kind === 'randomResized') options.push(['scale', crop.scale], ['ratio', crop.ratio.map(round)])
  if (augmentation.autoAugment) options.push(['aa', 'original'])
  if (recipe.gradientClip !== null) options.push(['clip-grad', recipe.gradientClip])
  if (ema) options.push(['model-ema', true], ['model-ema-decay', ema.decay])
  if (ema?.debias) options.push(['model-ema-warmup', true])
  if (settings.amp) options.push(['amp', true], ['amp-dtype', 'bfloat16'])
  return options
}

/** What of the recipe timm's train.py does otherwise, or not at all. */
export function timmDepartures({ recipe }: TorchPlanSettings): readonly string[] {
  const { weightDecay, curriculum, augmentation, learningRate, ema } = recipe
  const last = lastPhase(recipe)
  const departures: string[] = []
  if (weightDecay.from !== weightDecay.to) {
    departures.push(
      `weight decay stays at ${weightDecay.from}; the recipe anneals it to ${weightDecay.to} on a cosine`,
    )
  }
  if (!(weightDecay.exempt.includes('batchNorm') && weightDecay.exempt.includes('bias'))) {
    departures.push(
      `batch-norm parameters and biases are without weight decay; the recipe spares ${weightDecay.exempt.length === 0 ? 'none' : `only ${weightDecay.exempt.join(', ')}`}`,
    )
  }
  if (curriculum.length > 1) {
    departures.push(
      `all epochs run at ${last.size.join(' x ')} and batch ${last.batchSize}; the recipe has ${curriculum
        .map((phase) => `${phase.size.join(' x ')} from epoch ${phase.from}`)
        .join(', ')}`,
    )
  }
  if (augmentation.autoAugment && curriculum.some(({ strength }) => strength !== 1)) {
    departures.push(
      `AutoAugment has its full strength throughout; the recipe's is ${curriculum.map(({ strength }) => strength).join(', ')}`,
    )
  }
  if (augmentation.crop.kind !== 'randomResized') {
    departures.push(`pictures are cropped at random sizes; the recipe's crop is ${augmentation.crop.kind}`)
  }
  if (!Number.isInteger(learningRate.warmupEpochs)) {
    departures.push(`the warm-up takes whole epochs; the recipe has ${learningRate.warmupEpochs}`)
  }
  if (ema?.debias) {
    departures.push(
      `the decay of the average starts as 1 - (1 + t)^(-2/3); the recipe has (1 + t) / (10 + t)`,
    )
  }
  if (recipe.batchNormMomentum !== 0.1) {
    departures.push(`batch norm has the momentum 0.1; the recipe has ${recipe.batchNormMomentum}`)
  }
  return departures
}

/** `--name value` for a command line. */
export function toFlags(options: readonly TimmOption[]): string[] {
  return options.flatMap(([name, value]) => [
    `--${name}`,
    ...(value === true ? [] : Array.isArray(value) ? value.map(String) : [String(value)]),
  ])
}

/** The same options for train.py's `--config`, which sets defaults by the names of Python's variables. */
export function toYaml(options: readonly TimmOption[]): string {
  return options.map(([name, value]) => `${name.replaceAll('-', '_')}: ${toScalar(value)}\n`).join('')
}

/** YAML 1.1, in which 1e-05 is a text and 1.0e-05 a number. */
function toScalar(value: TimmOption[1]): string {
  if (Array.isArray(value)) return `[${value.map(toScalar).join(', ')}]`
  if (typeof value !== 'number') return JSON.stringify(value)
  const text = String(value)
  return /^-?\d+e/.test(text) ? text.replace('e', '.0e') : text
}

function lastPhase({ curriculum }: Recipe): Recipe['curriculum'][number] {
  return curriculum.at(-1) as Recipe['curriculum'][number]
}

function round(value: number): number {
  return Number(value.toFixed(6))
}
