import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import {
  configFromWidths,
  initialize,
  type Model,
  mobileone,
  random,
  reparameterize,
  type Tensors,
  tensor,
} from '@mobileone/core'

const size = 32

/**
 * Everything that MobileOne is made of, small: four stages of one pair with 8, 16, 32 and 64 channels, squeeze-and-excite in the last, two
 * branches in train form, ten classes of pictures of 32 x 32; random weights of a seed.
 */
export const network: Model = initialize(
  mobileone(
    configFromWidths({
      name: 'mobileone-soak',
      widths: [0.125, 0.125, 0.125, 0.125],
      blocks: [1, 1, 1, 1],
      branches: 2,
      squeezeExcite: [0, 0, 0, 1],
      classes: 10,
      inputSize: [size, size],
    }),
    { form: 'train' },
  ),
  { seed: 16, statistics: 'random' },
)

/** {@link network} as the file that it is loaded from. */
export const networkFile = (): Uint8Array => toSafetensors(network)

/** The deploy form of the network in `file`: read and folded. */
export async function loadNetwork(file: Uint8Array): Promise<Model> {
  return reparameterize(modelFromCheckpoint(await readCheckpoint(file)))
}

/** An input of the network. */
export function inputOf(model: Model): Tensors {
  const source = random(7)
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => {
      const data = new Float32Array(shape.reduce((product, each) => product * each, 1))
      return [
        name,
        tensor(
          shape,
          data.map(() => source.next() - 0.5),
        ),
      ]
    }),
  )
}
