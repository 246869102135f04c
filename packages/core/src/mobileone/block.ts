import { addBatchNorm, addConv, addRelu, type Builder, type ConvGeometry } from './builder.ts'

/** `train`: parallel branches with batch normalisation. `deploy`: the one convolution that they fold into. */
export type Form = 'train' | 'deploy'

/** A MobileOne block: its convolution, its branches in train form, and squeeze-and-excite (Hu et al. 2018) after it. */
export interface BlockOptions extends ConvGeometry {
  /** k: parallel conv + batchNorm branches in train form. */
  readonly branches: number
  readonly squeezeExcite: boolean
  /** Default {@link defaultSqueeze}. */
  readonly squeezeChannels?: number | undefined
}

/** Squeezed channels of the released S4: one sixteenth, at least one. */
export function defaultSqueeze(channels: number): number {
  return Math.max(1, Math.floor(channels / 16))
}

/**
 * A MobileOne block, `relu(se(sum of branches))`, and the name of its last value.
 *
 * Train form: k conv + batchNorm branches, a 1x1 scale branch where the kernel is larger than 1, a batchNorm skip where
 * input and output agree (in = out channels, stride 1). Deploy form: one convolution with bias. The sum before
 * squeeze-and-excite and activation is named `name` in both forms.
 */
export function addBlock(
  builder: Builder,
  name: string,
  input: string,
  form: Form,
  options: BlockOptions,
): string {
  if (form === 'deploy') addConv(builder, name, input, options, true)
  else addBranches(builder, name, input, options)
  const sum = options.squeezeExcite ? addSqueezeExcite(builder, name, options) : name
  return addRelu(builder, `${name}.relu`, sum)
}

function addBranches(builder: Builder, name: string, input: string, options: BlockOptions): void {
  const hasScale = options.kernel > 1
  const hasSkip = options.inChannels === options.outChannels && options.stride === 1
  const count = options.branches + Number(hasScale) + Number(hasSkip)
  const lastName = (own: string): string => (count === 1 ? name : own)

  const terms: string[] = []
  const addConvBatchNorm = (branch: string, geometry: ConvGeometry): void => {
    const conv = addConv(builder, branch, input, geometry, false)
    terms.push(addBatchNorm(builder, lastName(`${branch}.bn`), conv, geometry.outChannels, `${branch}.bn`))
  }
  if (hasScale) addConvBatchNorm(`${name}.scale`, { ...options, kernel: 1 })
  if (hasSkip)
    terms.push(addBatchNorm(builder, lastName(`${name}.skip`), input, options.outChannels, `${name}.skip`))
  for (let branch = 0; branch < options.branches; branch++)
    addConvBatchNorm(`${name}.conv.${branch}`, options)

  let sum = terms[0] as string
  for (let index = 1; index < terms.length; index++) {
    const isLast = index === terms.length - 1
    const node = isLast ? name : `${name}.sum.${index}`
    builder.nodes.push({ op: 'add', name: node, inputs: [sum, terms[index] as string] })
    sum = node
  }
}

function addSqueezeExcite(builder: Builder, block: string, options: BlockOptions): string {
  const { outChannels: channels, squeezeChannels: squeezed = defaultSqueeze(channels) } = options
  const se = `${block}.se`
  const pointwise = { kernel: 1, stride: 1, groups: 1 }
  builder.nodes.push({ op: 'globalAvgPool', name: `${se}.pool`, inputs: [block] })
  addConv(
    builder,
    `${se}.reduce`,
    `${se}.pool`,
    { ...pointwise, inChannels: channels, outChannels: squeezed },
    true,
  )
  addRelu(builder, `${se}.reduce.relu`, `${se}.reduce`)
  addConv(
    builder,
    `${se}.expand`,
    `${se}.reduce.relu`,
    { ...pointwise, inChannels: squeezed, outChannels: channels },
    true,
  )
  builder.nodes.push({ op: 'sigmoid', name: `${se}.gate`, inputs: [`${se}.expand`] })
  builder.nodes.push({ op: 'mul', name: se, inputs: [block, `${se}.gate`] })
  return se
}
