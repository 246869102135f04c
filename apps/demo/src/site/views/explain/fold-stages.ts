import {
  batchNormToConv,
  compareModels,
  expandKernel,
  foldBatchNorm,
  initialize,
  type Model,
  mergeParallelConvs,
  print,
  profile,
  reference,
  roundToFloat32,
  type WideModel,
} from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'

/** Which branches a block is trained with. */
export interface BlockChoice {
  /** k: parallel 3x3 convolutions with batch normalisation. */
  readonly branches: number
  /** Depthwise: one filter a channel; else every channel reads every other. */
  readonly depthwise: boolean
  /** 2 halves the picture; such a block has no skip. */
  readonly stride: 1 | 2
}

/** The block after one rewrite. */
export interface FoldStage {
  readonly title: string
  /** The graph as `print` of core shows it. */
  readonly text: string
  readonly nodes: number
  readonly params: number
  /** Largest difference of an output from the block as trained, on random pictures. */
  readonly maxAbsError: number
}

const channels = 8

/** A block of 8 channels as it is trained, with weights as a trained network might have them. */
export function trainedBlock({ branches, depthwise, stride }: BlockChoice): Model {
  const net = new NetworkBuilder({ name: 'block', inputs: { x: [1, channels, 12, 12] } })
  const groups = depthwise ? channels : 1
  const value = net.block('block', 'x', { channels, kernel: 3, stride, groups, branches })
  return initialize(net.build({ y: value }), { seed: 7, statistics: 'random' })
}

const rounds = [
  ['A skip that is only a batch normalisation is a convolution with the identity', batchNormToConv],
  ['A batch normalisation is a scale and a shift: it goes into the convolution before it', foldBatchNorm],
] as const
const merging = [
  ['A 1x1 kernel is a 3x3 kernel with zeros around it', expandKernel],
  ['Two convolutions of one input that are added are one: their kernels are added', mergeParallelConvs],
] as const

/** `model` as trained, and after each of the four rewrites that changes it, until one convolution is left. */
export async function foldStages(model: Model): Promise<FoldStage[]> {
  const stages = [await stageOf('As trained', model, model)]
  let current: WideModel = model
  const apply = async (title: string, rewrite: (model: WideModel) => WideModel): Promise<boolean> => {
    const next = rewrite(current)
    const changed = print(roundToFloat32(next)) !== print(roundToFloat32(current))
    current = next
    if (changed) stages.push(await stageOf(title, roundToFloat32(next), model))
    return changed
  }
  for (const [title, rewrite] of rounds) await apply(title, rewrite)
  for (let goesOn = true; goesOn; ) {
    goesOn = false
    for (const [title, rewrite] of merging) goesOn = (await apply(title, rewrite)) || goesOn
  }
  return stages
}

async function stageOf(title: string, model: Model, trained: Model): Promise<FoldStage> {
  const { maxAbsError } = await compareModels(trained, model, { backend: reference(), runs: 2 })
  return { title, text: print(model), nodes: model.nodes.length, params: profile(model).params, maxAbsError }
}
