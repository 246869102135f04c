import { existsSync } from 'node:fs'
import {
  type Graph,
  type MobileOneConfig,
  microVariants,
  mobileone,
  type Profile,
  profile,
  reparameterize,
  variants,
} from '@mobileone/core'
import { defineCommand } from '../command.ts'
import { jsonFlag, offlineFlag, sha256Flag } from '../flags.ts'
import { loadFor } from '../session.ts'
import { formatBytes, formatCount, printJson, printLine, table } from '../terminal.ts'

export const inspect = defineCommand({
  name: 'inspect',
  summary:
    'Show the layers of a network and what each costs, in the form that is trained and in the form that runs.',
  details:
    'params counts learnable parameters; macs counts multiply-accumulates of convolutions and linear layers, which the\npaper prints as FLOPs; activationBytes is what one run writes.',
  positionals: '<weights or variant>',
  minPositionals: 1,
  maxPositionals: 1,
  flags: { sha256: sha256Flag, offline: offlineFlag, json: jsonFlag },
  examples: ['mobileone inspect s0', 'mobileone inspect mobileone_s4_unfused.pth.tar --json'],
  async run([source = ''], flags) {
    const { train, deploy } = await graphsOf(source, flags)
    const cost = profile(deploy)
    const trainParams = train ? profile(train).params : undefined
    const layers = layersOf(cost)
    if (flags.json) {
      const { params, macs, activationBytes, peakActivationBytes } = cost
      printJson({
        name: deploy.name,
        train: trainParams === undefined ? null : { params: trainParams },
        deploy: { params, macs, activationBytes, peakActivationBytes },
        layers,
      })
      return
    }
    const input = Object.entries(deploy.inputs).map(([name, { shape }]) => `${name} ${shape.join('x')}`)
    printLine(`${deploy.name}, input ${input.join(', ')}\n`)
    printLine(
      table(
        ['layer', 'op', 'output', 'params', 'MACs', 'activation'],
        layers.map((layer) => [
          layer.name,
          layer.op,
          layer.output.join('x'),
          formatCount(layer.params),
          formatCount(layer.macs),
          layer.activationBytes === 0 ? 'in place' : formatBytes(layer.activationBytes),
        ]),
        [3, 4, 5],
      ),
    )
    printLine(
      `\ntrain form   ${trainParams === undefined ? 'not in this file' : `${formatCount(trainParams)} parameters`}` +
        `\ndeploy form  ${formatCount(cost.params)} parameters, ${(cost.macs / 1e6).toFixed(2)} M MACs, ` +
        `${formatBytes(cost.activationBytes)} of activations written, ${formatBytes(cost.peakActivationBytes)} alive at most`,
    )
  },
})

const known: Readonly<Record<string, MobileOneConfig>> = { ...variants, ...microVariants }

async function graphsOf(
  source: string,
  flags: { readonly sha256?: string | undefined; readonly offline: boolean },
): Promise<{ train: Graph | undefined; deploy: Graph }> {
  if (Object.hasOwn(known, source) && !existsSync(source)) {
    const config = known[source] as MobileOneConfig
    return { train: mobileone(config, { form: 'train' }), deploy: mobileone(config, { form: 'deploy' }) }
  }
  const model = await loadFor({ weights: source, ...flags })
  const isTrain = model.nodes.some((node) => node.op === 'batchNorm')
  return { train: isTrain ? model : undefined, deploy: isTrain ? reparameterize(model) : model }
}

interface LayerRow {
  readonly name: string
  readonly op: string
  readonly output: readonly number[]
  readonly params: number
  readonly macs: number
  readonly activationBytes: number
}

function layersOf(cost: Profile): LayerRow[] {
  return cost.layers.map(({ node, op, outputShape, params, macs, activationBytes }) => ({
    name: node,
    op,
    output: outputShape,
    params,
    macs,
    activationBytes,
  }))
}
