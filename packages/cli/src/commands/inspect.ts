import { existsSync } from 'node:fs'
import {
  type Graph,
  hasInt8Weights,
  integerWeight,
  type MobileOneConfig,
  type Model,
  microVariants,
  mobileone,
  type Profile,
  profile,
  variants,
  weightRoles,
} from '@mobileone/core'
import { isZooName, zooNetwork } from '@mobileone/zoo'
import { defineCommand } from '../command.ts'
import { jsonFlag, offlineFlag, sha256Flag, shapeFlags } from '../flags.ts'
import { coremlJson, coremlText, type InspectedCoreML, inspectCoreML } from '../inspect-coreml.ts'
import { foldFor, modelFor, type WeightFlags, weightsFor } from '../session.ts'
import { formatBytes, formatCount, printable, printJson, printLine, table } from '../terminal.ts'
import { shapeOf, withShape } from '../weights.ts'

export const inspect = defineCommand({
  name: 'inspect',
  summary:
    'Show the layers of a network and the cost of each, for the form that is trained and the form that runs.',
  details:
    'params counts learnable parameters; macs counts the multiply-accumulates of convolutions and linear layers, which the\npaper calls FLOPs, and matmulMacs those of attention; activationBytes is what one run writes. For a Core ML file (.mlpackage, .mlpackage.zip, .mlmodel) the\nstored inputs, outputs, operations, precision and metadata are shown as well.',
  positionals: '<weights or variant>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: { ...shapeFlags, sha256: sha256Flag, offline: offlineFlag, json: jsonFlag },
  examples: [
    'mobileone inspect s0',
    'mobileone inspect efficientnet_b0',
    'mobileone inspect mobileone_s4_unfused.pth.tar --json',
    'mobileone inspect MobileOne.mlpackage',
  ],
  async run([source = ''], flags) {
    const { train, deploy, coreml } = await graphsOf(source, flags)
    if (coreml && !flags.json) printLine(`${coremlText(coreml)}\n`)
    if (!deploy) {
      if (flags.json) printJson({ name: null, coreml: coreml && coremlJson(coreml) })
      else printLine(`The layers cannot be read: ${coreml?.reason}`)
      return
    }
    const cost = profile(deploy)
    const trainParams = train ? profile(train).params : undefined
    const isInt8 = hasInt8Weights(deploy)
    const layers = layersOf(cost, isInt8 ? deploy : undefined)
    if (flags.json) {
      const { params, macs, matmulMacs, activationBytes, peakActivationBytes } = cost
      printJson({
        name: deploy.name,
        train: trainParams === undefined ? null : { params: trainParams },
        deploy: {
          params,
          macs,
          ...(matmulMacs > 0 && { matmulMacs }),
          activationBytes,
          peakActivationBytes,
          ...(isInt8 && { weightBytes: cost.weightBytes }),
        },
        layers,
        ...(coreml && { coreml: coremlJson(coreml) }),
      })
      return
    }
    const input = Object.entries(deploy.inputs).map(
      ([name, { shape }]) => `${printable(name)} ${shape.join('x')}`,
    )
    printLine(`${printable(deploy.name)}, input ${input.join(', ')}\n`)
    printLine(
      table(
        [
          'layer',
          'op',
          'output',
          'params',
          'MACs',
          'activation',
          ...(isInt8 ? ['weights', 'stored as'] : []),
        ],
        layers.map((layer) => [
          layer.name,
          layer.op,
          layer.output.join('x'),
          formatCount(layer.params),
          formatCount(layer.macs),
          layer.activationBytes === 0 ? 'in place' : formatBytes(layer.activationBytes),
          ...(isInt8 ? [layer.weightBytes ? formatBytes(layer.weightBytes) : '', layer.stored ?? ''] : []),
        ]),
        [3, 4, 5, 6],
      ),
    )
    printLine(
      `\ntrain form   ${trainParams === undefined ? 'not in this file' : `${formatCount(trainParams)} parameters`}` +
        `\ndeploy form  ${formatCount(cost.params)} parameters, ${(cost.macs / 1e6).toFixed(2)} M MACs, ` +
        `${cost.matmulMacs > 0 ? `${(cost.matmulMacs / 1e6).toFixed(2)} M more of attention, ` : ''}` +
        `${formatBytes(cost.activationBytes)} of activations written, ${formatBytes(cost.peakActivationBytes)} alive at most${isInt8 ? `, ${formatBytes(cost.weightBytes)} of weights` : ''}`,
    )
  },
})

const known: Readonly<Record<string, MobileOneConfig>> = { ...variants, ...microVariants }

interface Found {
  readonly train?: Graph
  /** Undefined for a Core ML file that is no model of ours. */
  readonly deploy?: Graph
  readonly coreml?: InspectedCoreML
}

async function graphsOf(source: string, flags: WeightFlags): Promise<Found> {
  if (Object.hasOwn(known, source) && !existsSync(source)) {
    const config = withShape(known[source] as MobileOneConfig, flags)
    return { train: mobileone(config, { form: 'train' }), deploy: mobileone(config, { form: 'deploy' }) }
  }
  if (isZooName(source) && !existsSync(source)) {
    const shape = shapeOf(flags, source)
    return {
      train: zooNetwork(source, { form: 'train', ...shape }),
      deploy: zooNetwork(source, { form: 'deploy', ...shape }),
    }
  }
  const weights = await weightsFor(source, flags)
  if (weights.kind !== 'coreml') return bothForms(await modelFor(weights, flags))
  const coreml = await inspectCoreML(weights.source)
  return { ...(coreml.model && (await bothForms(await modelFor(weights, flags)))), coreml }
}

async function bothForms(model: Model): Promise<Found> {
  const isTrain = model.nodes.some((node) => node.op === 'batchNorm')
  return isTrain ? { train: model, deploy: await foldFor(model) } : { deploy: model }
}

interface LayerRow {
  readonly name: string
  readonly op: string
  readonly output: readonly number[]
  readonly params: number
  readonly macs: number
  readonly activationBytes: number
  /** Of a network in the int8 form: bytes of its weights as they are held, and in which type. */
  readonly weightBytes?: number
  readonly stored?: string | undefined
}

function layersOf(cost: Profile, int8: Graph | undefined): LayerRow[] {
  const nodes = new Map(int8?.nodes.map((node) => [node.name, node]))
  const storedAs = (name: string): string | undefined => {
    const node = nodes.get(name)
    const [first] = node ? weightRoles(node) : []
    if (!int8 || !node || !first) return undefined
    if (integerWeight(int8, node)) return 'int8, computed in integers'
    return int8.weights[first[1]]?.dtype
  }
  return cost.layers.map(({ node, op, outputShape, params, macs, activationBytes, weightBytes }) => ({
    name: node,
    op,
    output: outputShape,
    params,
    macs,
    activationBytes,
    ...(int8 && weightBytes > 0 && { weightBytes, stored: storedAs(node) }),
  }))
}
