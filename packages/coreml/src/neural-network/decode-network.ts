import { MobileOneError } from '@mobileone/core'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import { limits } from '../read/limits.ts'
import { layerNames } from './layer-names.ts'
import { Fields } from './message-fields.ts'

/** A layer as it lies in the file: its kind, and its parameters still to be read. */
export interface StoredLayer {
  readonly name: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly kind: string
  readonly params: WireReader
}

export interface StoredScaler {
  readonly feature: string
  readonly channelScale: number
  readonly red: number
  readonly green: number
  readonly blue: number
  readonly gray: number
}

/** The parts of NeuralNetwork and NeuralNetworkClassifier. */
export interface StoredNetwork {
  readonly layers: readonly StoredLayer[]
  readonly scalers: readonly StoredScaler[]
  /** False where shapes are the five legacy axes [sequence, batch, channel, height, width]. */
  readonly exactArrays: boolean
  readonly exactImages: boolean
  readonly labels?: readonly string[]
  /** The value that holds the probabilities; empty where the file does not say. */
  readonly probabilities: string
}

export function decodeNetwork(body: WireReader): StoredNetwork {
  const network = new Fields(body, { message: [1, 2, 100, 101], int: [5, 6], text: [200] }, 'the network')
  const strings = network.message(100)
  const integers = network.message(101)
  const labels = strings
    ? new Fields(strings, { text: [1] }, 'the labels').texts(1)
    : integers && new Fields(integers, { int: [1] }, 'the labels').numbers(1).map(String)
  const [layers, scalers] = [network.messages(1), network.messages(2)]
  if (layers.length > limits.operations || scalers.length > limits.features) {
    return body.fail(
      `${layers.length} layers and ${scalers.length} scalers, where at most ${limits.operations} and ${limits.features} belong,`,
    )
  }
  return {
    layers: layers.map(decodeLayer),
    scalers: scalers.map(decodeScaler),
    exactArrays: network.number(5) === 1,
    exactImages: network.number(6) === 1,
    ...(labels && { labels }),
    probabilities: network.text(200),
  }
}

function decodeScaler(reader: WireReader): StoredScaler {
  const preprocessing = new Fields(reader, { text: [1], message: [10, 11] }, 'the preprocessing')
  if (preprocessing.message(11)) {
    throw new MobileOneError(
      'unsupported',
      'the Core ML network subtracts a mean image, which is no preprocessing that a model has',
    )
  }
  const scaler = new Fields(preprocessing.message(10), { float: [10, 20, 21, 22, 30] }, 'a scaler')
  return {
    feature: preprocessing.text(1),
    channelScale: scaler.number(10),
    blue: scaler.number(20),
    green: scaler.number(21),
    red: scaler.number(22),
    gray: scaler.number(30),
  }
}

function decodeLayer(reader: WireReader): StoredLayer {
  let name = ''
  const inputs: string[] = []
  const outputs: string[] = []
  let kind: string | undefined
  let params: WireReader | undefined
  while (reader.next()) {
    const { field } = reader
    if (field === 1) name = reader.string(limits.nameBytes)
    else if (field === 2) inputs.push(reader.string(limits.nameBytes))
    else if (field === 3) outputs.push(reader.string(limits.nameBytes))
    else if (field >= 100) {
      kind = layerNames.get(field) ?? `of the unknown kind ${field}`
      params = reader.message(`the layer "${name}" (${kind})`)
    } else reader.skip()
  }
  if (!params || kind === undefined) return reader.fail(`a layer "${name}" of no kind`)
  const [output, ...others] = outputs
  if (output === undefined || output === '')
    return reader.fail(`a layer "${name}" (${kind}) without an output`)
  if (others.length > 0) {
    throw new MobileOneError(
      'unsupported',
      `cannot read the Core ML network: layer "${name}" (${kind}) makes ${outputs.length} values`,
    )
  }
  return { name, inputs, output, kind, params }
}
