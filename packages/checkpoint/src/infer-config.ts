import {
  defaultSqueeze,
  type Form,
  type Graph,
  type MobileOneConfig,
  MobileOneError,
  type StageConfig,
  variants,
} from '@mobileone/core'
import { limits } from './limits.ts'

/** Tensor shapes by canonical name. */
export type Shapes = ReadonlyMap<string, readonly number[]>

/** What shapes cannot tell. */
export interface ConfigHints {
  readonly name?: string | undefined
  readonly size?: readonly [height: number, width: number] | undefined
  readonly strides?: Strides | undefined
}

/** Strides of the stem and of the first block of each stage. */
export interface Strides {
  readonly stem?: number | undefined
  readonly stages?: readonly number[] | undefined
}

/**
 * The configuration whose network has these shapes. Channels, pairs per stage, branches, squeeze-and-excite, input channels and
 * classes are read from them. So are the stages' strides in train form, where the first block of a stage has a skip exactly
 * when its stride is 1; in deploy form they are 2 unless the hints say otherwise, as is the stem's.
 * @throws MobileOneError `missing-weights` where a network of this many weights cannot be in so few keys.
 */
export function inferConfig(shapes: Shapes, form: Form, hints: ConfigHints = {}): MobileOneConfig {
  const axis = (name: string, index: number): number | undefined => shapes.get(name)?.[index]
  const firstWeight = (block: string): string => `${block}.${form === 'deploy' ? 'weight' : 'conv.0.weight'}`

  const stemChannels = axis(firstWeight('stem'), 0) ?? axis('stem.scale.weight', 0) ?? 0
  const stages: StageConfig[] = []
  const blocks = countBlocks(shapes)
  let channels = stemChannels
  for (const [index, count] of blocks.entries()) {
    const stage = `stage${index + 1}`
    const pairs = Math.ceil(count / 2)
    const inChannels = channels
    channels = axis(firstWeight(`${stage}.1`), 0) ?? channels
    const squeezeExcite = countSqueezeExcite(shapes, stage, pairs)
    const squeezeChannels = readSqueezeChannels(shapes, stage, { pairs, squeezeExcite, inChannels, channels })
    stages.push({
      blocks: pairs,
      channels,
      stride:
        hints.strides?.stages?.[index] ?? (form === 'train' && shapes.has(`${stage}.0.skip.weight`) ? 1 : 2),
      branches: form === 'train' ? countBranches(shapes, `${stage}.0`) : 1,
      squeezeExcite,
      ...(squeezeChannels && { squeezeChannels }),
    })
  }
  const config: MobileOneConfig = {
    name: hints.name ?? 'mobileone',
    input: {
      channels: axis(firstWeight('stem'), 1) ?? axis('stem.scale.weight', 1) ?? 3,
      size: hints.size ?? [224, 224],
    },
    stem: {
      channels: stemChannels,
      stride: hints.strides?.stem ?? 2,
      branches: form === 'train' ? countBranches(shapes, 'stem') : 1,
    },
    stages,
    classes: axis('head.weight', 0) ?? 1000,
  }
  checkWeightCount(config, form, shapes.size)
  return asVariant(config, form, hints.name)
}

/** Blocks are counted from keys and branches from the first block of a stage, so their product may be far beyond the keys. */
function checkWeightCount({ stem, stages }: MobileOneConfig, form: Form, keys: number): void {
  const weightsOf = (branches: number): number => (form === 'deploy' ? 2 : 5 * branches)
  const wanted = stages.reduce(
    (count, { blocks, branches }) => count + 2 * blocks * weightsOf(branches),
    weightsOf(stem.branches),
  )
  const most = limits.weightsPerKey * keys + 100
  if (wanted <= most) return
  const largest = stages.reduce((a, b) => (a.blocks * a.branches > b.blocks * b.branches ? a : b))
  throw new MobileOneError(
    'missing-weights',
    `the names suggest a network of ${wanted} weights or more (a stage of ${2 * largest.blocks} blocks of ${largest.branches} branches), ` +
      `but there are ${keys} keys that belong to one; the file is incomplete or was not written by a training program`,
  )
}

/** The strides that a configuration has beside its shapes. */
export function stridesOf({ stem, stages }: MobileOneConfig): Strides {
  return { stem: stem.stride, stages: stages.map(({ stride }) => stride) }
}

/**
 * What a reader should know where strides were assumed. Shapes of a folded network do not tell them. Those of a train form tell
 * which stages have stride 1, by their skips, and of the stem and of the other stages nothing: one of stride 4 looks as one of 2.
 * Networks that are the released ones in everything else are taken for them, in train form with classes of their own, too.
 */
export function assumedStrides(config: MobileOneConfig, form: Form, known: Strides): string[] {
  const { stem, stages } = config
  const isTrain = form === 'train'
  const isReleased =
    (isTrain || config.classes === 1000) &&
    Object.values(variants).some((one) => layoutOf(one) === layoutOf(config))
  if (isReleased) return []
  const assumed = [
    ...(known.stem === undefined ? [`${stem.stride} of the stem`] : []),
    ...stages.flatMap(({ stride }, index) =>
      known.stages?.[index] === undefined && !(isTrain && stride === 1)
        ? [`${stride} of stage ${index + 1}`]
        : [],
    ),
  ]
  if (assumed.length === 0) return []
  return [
    `"${config.name}": strides are assumed, for nothing in the file tells: ${assumed.join(', ')}; others give other results without an ` +
      'error. Give `strides` where they differ (this project writes them into its own files)',
  ]
}

/**
 * The strides of a network without a configuration, such as one read back from ONNX: those of the convolutions whose weights
 * have the names that {@link inferConfig} reads. Undefined where the stem has none.
 */
export function inferStrides({ nodes }: Graph): Strides | undefined {
  const byWeight = new Map<string, number>()
  for (const node of nodes) if (node.op === 'conv2d') byWeight.set(node.weight, node.stride[0])
  const strideOf = (block: string): number | undefined =>
    byWeight.get(`${block}.weight`) ??
    byWeight.get(`${block}.conv.0.weight`) ??
    byWeight.get(`${block}.scale.weight`)
  const stem = strideOf('stem')
  if (stem === undefined) return undefined
  const stages: number[] = []
  for (;;) {
    const stride = strideOf(`stage${stages.length + 1}.0`)
    if (stride === undefined) return { stem, stages }
    stages.push(stride)
  }
}

/** Name a known variant; k, which folding removes, is then the variant's. */
function asVariant(config: MobileOneConfig, form: Form, name: string | undefined): MobileOneConfig {
  const variant = Object.values(variants).find((candidate) => layoutOf(candidate) === layoutOf(config))
  if (!variant) return config
  const named = { ...config, name: name ?? variant.name }
  return form === 'deploy' ? { ...named, stem: variant.stem, stages: variant.stages } : named
}

function layoutOf({ stem, stages }: MobileOneConfig): string {
  return JSON.stringify([
    stem.channels,
    stem.stride,
    stages.map((stage) => [
      stage.blocks,
      stage.channels,
      stage.stride,
      stage.squeezeExcite,
      stage.squeezeChannels,
    ]),
  ])
}

/** Blocks in each stage, counted without a gap from 0 so that a hostile index asks for nothing. */
function countBlocks(shapes: Shapes): number[] {
  const present = new Set<string>()
  for (const name of shapes.keys()) {
    const block = /^stage\d+\.\d+(?=\.)/.exec(name)
    if (block) present.add(block[0])
  }
  const counts: number[] = []
  for (let stage = 1; present.has(`stage${stage}.0`); stage++) {
    let count = 0
    while (present.has(`stage${stage}.${count}`)) count++
    counts.push(count)
  }
  return counts
}

function countBranches(shapes: Shapes, block: string): number {
  let count = 0
  while (shapes.has(`${block}.conv.${count}.weight`)) count++
  return count
}

function countSqueezeExcite(shapes: Shapes, stage: string, pairs: number): number {
  for (let pair = 0; pair < pairs; pair++) {
    if (shapes.has(`${stage}.${2 * pair}.se.reduce.weight`)) return pairs - pair
  }
  return 0
}

/** Squeezed channels by block where any differs from the released networks' rule; a block that does not tell has that. */
function readSqueezeChannels(
  shapes: Shapes,
  stage: string,
  facts: { pairs: number; squeezeExcite: number; inChannels: number; channels: number },
): number[] | undefined {
  const { pairs, squeezeExcite, inChannels, channels } = facts
  const first = 2 * (pairs - squeezeExcite)
  let differs = false
  const found = Array.from({ length: 2 * squeezeExcite }, (_, index) => {
    const block = first + index
    const expected = defaultSqueeze(block === 0 ? inChannels : channels)
    const stored = shapes.get(`${stage}.${block}.se.reduce.weight`)?.[0] ?? expected
    if (stored !== expected) differs = true
    return stored
  })
  return differs ? found : undefined
}
