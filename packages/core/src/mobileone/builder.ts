import type { Node } from '../model/model.ts'
import { spec, type TensorSpec } from '../model/tensor.ts'

/** Appends nodes and the specs of their weights; the state behind the block and network builders. */
export interface Builder {
  readonly nodes: Node[]
  readonly weights: Record<string, TensorSpec>
}

export interface ConvGeometry {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernel: number
  readonly stride: number
  readonly groups: number
}

/** `torch.nn.BatchNorm2d`'s default, which every released MobileOne uses. */
const usualEpsilon = 1e-5

/** A square convolution with padding kernel / 2. Weights are named `<name>.weight` and `<name>.bias`. */
export function addConv(
  builder: Builder,
  name: string,
  input: string,
  geometry: ConvGeometry,
  hasBias: boolean,
): string {
  const { inChannels, outChannels, kernel, stride, groups } = geometry
  const padding = Math.floor(kernel / 2)
  builder.weights[`${name}.weight`] = spec([outChannels, inChannels / groups, kernel, kernel])
  if (hasBias) builder.weights[`${name}.bias`] = spec([outChannels])
  builder.nodes.push({
    op: 'conv2d',
    name,
    inputs: [input],
    weight: `${name}.weight`,
    ...(hasBias && { bias: `${name}.bias` }),
    stride: [stride, stride],
    padding: [padding, padding],
    dilation: [1, 1],
    groups,
  })
  return name
}

/** Batch normalisation named `name`, its weights named under `prefix`. */
export function addBatchNorm(
  builder: Builder,
  name: string,
  input: string,
  channels: number,
  prefix: string,
  epsilon: number = usualEpsilon,
): string {
  const names = {
    weight: `${prefix}.weight`,
    bias: `${prefix}.bias`,
    runningMean: `${prefix}.running_mean`,
    runningVar: `${prefix}.running_var`,
  }
  for (const weight of Object.values(names)) builder.weights[weight] = spec([channels])
  builder.nodes.push({ op: 'batchNorm', name, inputs: [input], ...names, epsilon })
  return name
}

export function addRelu(builder: Builder, name: string, input: string): string {
  builder.nodes.push({ op: 'relu', name, inputs: [input] })
  return name
}
