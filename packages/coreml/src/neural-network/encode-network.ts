/** A network as protobuf bytes: Model, NeuralNetwork and its layers, by their published field numbers. */
import { WireWriter } from '@mobileone/core/protobuf-wire'
import { encodeDescription } from '../write/encode-specification.ts'
import { littleEndian } from '../write/weight-file.ts'
import {
  type Elements,
  type Layer,
  type LayerParams,
  layerTable,
  type Network,
  type Scaler,
} from './network.ts'

function message(write: (out: WireWriter) => void): WireWriter {
  const out = new WireWriter()
  write(out)
  return out
}

export function encodeNetwork(network: Network): Uint8Array {
  const { classifier } = network
  return message((out) => {
    out.int(1, network.version)
    out.message(2, encodeDescription(network.description))
    const body = message((net) => {
      for (const layer of network.layers) net.message(1, encodeLayer(layer))
      if (network.scaler) net.message(2, encodeScaler(network.scaler))
      // Arrays keep their exact shapes, and images have four axes.
      net.int(5, 1)
      net.int(6, 1)
      if (classifier) {
        const labels = message((list) => {
          for (const label of classifier.labels) list.string(1, label)
        })
        net.message(100, labels)
        net.string(200, classifier.probabilities)
      }
    })
    out.message(classifier ? 403 : 500, body)
  }).finish()
}

function encodeScaler({ feature, channelScale, bias }: Scaler): WireWriter {
  const scaler = message((out) => {
    out.float(10, channelScale)
    const [first = 0, green = 0, blue = 0] = bias
    if (bias.length === 1) out.float(30, first)
    else {
      out.float(20, blue)
      out.float(21, green)
      out.float(22, first)
    }
  })
  return message((out) => {
    out.string(1, feature)
    out.message(10, scaler)
  })
}

function encodeLayer({ name, inputs, params }: Layer): WireWriter {
  return message((out) => {
    out.string(1, name)
    for (const input of inputs) out.string(2, input)
    out.string(3, name)
    out.message(layerTable[params.kind].field, encodeParams(params))
  })
}

function encodeParams(params: LayerParams): WireWriter {
  return message((out) => {
    switch (params.kind) {
      case 'convolution': {
        out.int(1, params.outputChannels)
        out.int(2, params.kernelChannels)
        out.int(10, params.groups)
        out.ints(20, params.kernel)
        out.ints(30, params.stride)
        out.ints(40, params.dilation)
        out.message(50, encodeValidPadding(params.padding))
        if (params.bias) out.int(70, 1)
        out.message(90, encodeWeights(params.weights))
        if (params.bias) out.message(91, encodeWeights(params.bias))
        return
      }
      case 'innerProduct':
        out.int(1, params.inputChannels)
        out.int(2, params.outputChannels)
        if (params.bias) out.int(10, 1)
        out.message(20, encodeWeights(params.weights))
        if (params.bias) out.message(21, encodeWeights(params.bias))
        return
      case 'batchnorm':
        out.int(1, params.channels)
        out.float(10, params.epsilon)
        out.message(15, encodeWeights(params.gamma))
        out.message(16, encodeWeights(params.beta))
        out.message(17, encodeWeights(params.mean))
        out.message(18, encodeWeights(params.variance))
        return
      case 'scale':
        out.ints(1, [params.scale.length, 1, 1])
        out.message(2, encodeWeights(params.scale))
        return
      case 'activation':
        out.message(nonlinearityFields[params.nonlinearity], identity[params.nonlinearity])
        return
      case 'affine': {
        const { alpha, beta } = params
        const linear = message((inner) => {
          inner.float(1, alpha)
          inner.float(2, beta)
        })
        out.message(nonlinearityFields.linear, linear)
        return
      }
      case 'clip':
        out.float(1, 0)
        out.float(2, 6)
        return
      case 'maxPooling':
        out.int(1, 0)
        out.ints(10, params.kernel)
        out.ints(20, params.stride)
        out.message(30, encodeValidPadding(params.padding))
        return
      case 'upsample':
        out.ints(1, params.scale)
        return
      case 'concatND':
        out.int(1, params.axis)
        return
      case 'sliceStatic': {
        const each = (value: number): number[] => params.begin.map(() => value)
        out.ints(1, params.begin)
        out.ints(2, each(0))
        out.ints(3, params.end)
        out.ints(4, each(0))
        out.ints(5, each(1))
        out.ints(6, each(0))
        return
      }
      case 'globalPooling':
        // Average, and the kernel of the whole map; every pooling must name a padding.
        out.int(1, 1)
        out.message(30, encodeValidPadding([0, 0]))
        out.int(50, 1)
        out.int(60, 1)
        return
      case 'softmaxND':
      case 'flattenTo2D':
        out.int(1, 1)
        return
      case 'gelu':
      case 'add':
      case 'multiply':
      case 'max':
        return
      default:
        return params satisfies never
    }
  })
}

const nonlinearityFields = { linear: 5, ReLU: 10, sigmoid: 40, sigmoidHard: 41 } as const
const identity = {
  linear: message((out) => out.float(1, 1)),
  ReLU: message(() => {}),
  sigmoid: message(() => {}),
  sigmoidHard: message((out) => {
    out.float(1, 1 / 6)
    out.float(2, 0.5)
  }),
}

function encodeValidPadding(padding: readonly [number, number]): WireWriter {
  const borders = message((out) => {
    for (const amount of padding) {
      const edges = message((edge) => {
        if (amount === 0) return
        edge.int(1, amount)
        edge.int(2, amount)
      })
      out.message(10, edges)
    }
  })
  return message((out) => out.message(1, borders))
}

function encodeWeights(elements: Elements): WireWriter {
  return message((out) => {
    if (elements instanceof Float32Array) out.bytes(1, elements)
    else out.bytes(2, littleEndian(elements))
  })
}
