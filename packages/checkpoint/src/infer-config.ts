import { type Form, type Graph, type MobileOneConfig, type StageConfig, variants } from '@mobileone/core'

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
    channels = axis(firstWeight(`${stage}.1`), 0) ?? channels
    stages.push({
      blocks: pairs,
      channels,
      stride:
        hints.strides?.stages?.[index] ?? (form === 'train' && shapes.has(`${stage}.0.skip.weight`) ? 1 : 2),
      branches: form === 'train' ? countBranches(shapes, `${stage}.0`) : 1,
      squeezeExcite: countSqueezeExcite(shapes, stage, pairs),
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
  return asVariant(config, form, hints.name)
}

/** The strides that a configuration has beside its shapes. */
export function stridesOf({ stem, stages }: MobileOneConfig): Strides {
  return { stem: stem.stride, stages: stages.map(({ stride }) => stride) }
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
  const layout = ({ stem, stages }: MobileOneConfig): string =>
    JSON.stringify([
      stem.channels,
      stem.stride,
      stages.map((stage) => [stage.blocks, stage.channels, stage.stride, stage.squeezeExcite]),
    ])
  const variant = Object.values(variants).find((candidate) => layout(candidate) === layout(config))
  if (!variant) return config
  const named = { ...config, name: name ?? variant.name }
  return form === 'deploy' ? { ...named, stem: variant.stem, stages: variant.stages } : named
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
