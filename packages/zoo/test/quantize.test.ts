/** The int8 form of networks that are no MobileOne: what cannot be quantised stays float and is named. */
import { wasm } from '@mobileone/backend-wasm'
import {
  initialize,
  type LayerKind,
  quantize,
  random,
  type Tensors,
  tensor,
  withInputs,
} from '@mobileone/core'
import { expect, it } from 'vitest'
import { type ZooName, zooNetwork } from '../src/index.ts'

interface Expected {
  readonly kinds: Readonly<Record<LayerKind, number>>
  readonly reasons: readonly string[]
  readonly size: number
}

const networks: readonly (readonly [ZooName, Expected])[] = [
  [
    'mobilenetv2_100',
    {
      size: 64,
      kinds: { int8: 13, weights: 17, float: 23 },
      reasons: [
        'depthwise',
        'its input may be negative',
        'linear',
        'only 8 values a channel in the samples',
        'reads the input of the network',
        'too few weights to save by',
      ],
    },
  ],
  [
    'mobilenetv3_small_100',
    {
      size: 64,
      kinds: { int8: 3, weights: 32, float: 19 },
      reasons: [
        'depthwise',
        'its input may be negative',
        'linear',
        'only 2 values a channel in the samples',
        'reads the input of the network',
        'too few weights to save by',
      ],
    },
  ],
]

it.each(networks)(
  '%s',
  async (name, { kinds, reasons, size }) => {
    const shape = [1, 3, size, size]
    const graph = withInputs(zooNetwork(name, { form: 'deploy' }), { image: shape })
    const model = initialize(graph, { seed: 1, statistics: 'random' })
    const source = random(1)
    const samples = Array.from({ length: 3 }, (): Tensors => {
      const data = Float32Array.from({ length: 3 * size * size }, () => source.normal())
      return { image: tensor(shape, data) }
    })
    const [heldOut, ...rest] = samples as [Tensors, ...Tensors[]]
    const { report } = await quantize(model, {
      samples: rest,
      heldOut: [heldOut],
      backend: wasm(),
      floatShare: 0,
    })
    const counted = { int8: 0, weights: 0, float: 0 }
    for (const { kind } of report.layers) counted[kind]++
    const given = new Set(report.layers.flatMap(({ reason }) => reason ?? []))
    expect({ kinds: counted, reasons: [...given].sort() }).toEqual({ kinds, reasons })
    // Two pictures of noise show little of the range of activations.
    expect(report.sqnrDb).toBeGreaterThan(15)
  },
  120_000,
)
