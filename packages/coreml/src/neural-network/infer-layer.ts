import { elementCount, sameShape } from '@mobileone/core'
import type { Elements, LayerParams } from './network.ts'

/**
 * The shape that a layer makes of inputs of these shapes, by the rules of the format; undefined after a complaint to `fail`.
 */
export function inferLayer(
  params: LayerParams,
  inputs: readonly (readonly number[] | undefined)[],
  fail: (message: string) => void,
): readonly number[] | undefined {
  const [x = [], y = []] = inputs
  let good = true
  const complain = (message: string): void => {
    good = false
    fail(message)
  }
  const expectRank = (least: number, most: number): void => {
    if (x.length < least || x.length > most)
      complain(
        `reads a value of ${x.length} axes, where ${least === most ? least : `${least} to ${most}`} belong`,
      )
  }
  const expectElements = (what: string, elements: Elements | undefined, count: number): void => {
    if (elements && elements.length !== count)
      complain(`has ${elements.length} elements of ${what}, where ${count} belong`)
  }
  const expectOneKind = (...all: readonly (Elements | undefined)[]): void => {
    const kinds = new Set(all.flatMap((elements) => (elements ? [elements instanceof Float32Array] : [])))
    if (kinds.size > 1) complain('has weights in float32 and in float16')
  }
  const done = (shape: readonly number[]): readonly number[] | undefined => (good ? shape : undefined)

  switch (params.kind) {
    case 'convolution': {
      const { outputChannels, kernelChannels, groups, kernel, stride, dilation, padding, weights, bias } =
        params
      expectRank(4, 4)
      const [batch = 0, channels = 0, ...size] = x
      const positive = [outputChannels, kernelChannels, groups, ...kernel, ...stride, ...dilation]
      if (!positive.every((value) => Number.isSafeInteger(value) && value > 0))
        complain('has a channel count, kernel, stride, dilation or group count that is not positive')
      if (!padding.every((amount) => Number.isSafeInteger(amount) && amount >= 0))
        complain('has negative padding')
      if (kernelChannels * groups !== channels)
        complain(`has kernels of ${kernelChannels} channels in ${groups} groups for ${channels} channels`)
      if (outputChannels % groups !== 0) complain(`has ${outputChannels} kernels in ${groups} groups`)
      expectElements('weights', weights, outputChannels * kernelChannels * elementCount(kernel))
      expectElements('bias', bias, outputChannels)
      expectOneKind(weights, bias)
      const made = size.map((length, axis) => {
        const reach = ((kernel[axis] as number) - 1) * (dilation[axis] as number) + 1
        return Math.floor((length + 2 * (padding[axis] as number) - reach) / (stride[axis] as number)) + 1
      })
      if (good && made.some((length) => length < 1)) complain('has kernels larger than the padded map')
      return done([batch, outputChannels, ...made])
    }
    case 'innerProduct': {
      const { inputChannels, outputChannels, weights, bias } = params
      // Of more axes the layer would read several as one.
      expectRank(2, 2)
      if (x[1] !== inputChannels) complain(`takes ${inputChannels} channels and reads ${x[1]}`)
      expectElements('weights', weights, inputChannels * outputChannels)
      expectElements('bias', bias, outputChannels)
      expectOneKind(weights, bias)
      return done([x[0] ?? 0, outputChannels])
    }
    case 'batchnorm': {
      expectRank(4, 4)
      if (x[1] !== params.channels) complain(`has ${params.channels} channels and reads ${x[1]}`)
      if (!(Math.fround(params.epsilon) > 0)) complain(`has an epsilon of ${params.epsilon}`)
      const all = { gamma: params.gamma, beta: params.beta, mean: params.mean, variance: params.variance }
      for (const [what, elements] of Object.entries(all)) expectElements(what, elements, params.channels)
      expectOneKind(...Object.values(all))
      return done(x)
    }
    case 'scale':
      expectRank(4, 4)
      expectElements('scale', params.scale, x[1] ?? 0)
      return done(x)
    case 'maxPooling': {
      const { kernel, stride, padding } = params
      expectRank(4, 4)
      if (![...kernel, ...stride].every((value) => Number.isSafeInteger(value) && value > 0))
        complain('has a kernel or stride that is not positive')
      const made = x.slice(2).map((length, axis) => {
        const padded = length + 2 * (padding[axis] as number)
        return Math.floor((padded - (kernel[axis] as number)) / (stride[axis] as number)) + 1
      })
      if (good && made.some((length) => length < 1)) complain('has windows larger than the padded map')
      return done([...x.slice(0, 2), ...made])
    }
    case 'upsample':
      expectRank(4, 4)
      return done([
        ...x.slice(0, 2),
        ...x.slice(2).map((length, axis) => length * (params.scale[axis] as number)),
      ])
    case 'concatND': {
      const { axis } = params
      const others = (shape: readonly number[] = []): string =>
        String(shape.map((size, at) => (at === axis ? 0 : size)))
      if (!(axis < x.length)) complain(`joins along axis ${axis} of ${x.length}`)
      if (inputs.some((shape) => others(shape) !== others(x))) complain('joins values whose sizes differ')
      const total = inputs.reduce((sum, shape) => sum + (shape?.[axis] ?? 0), 0)
      return done(x.map((size, at) => (at === axis ? total : size)))
    }
    case 'sliceStatic': {
      const { begin, end } = params
      if (begin.length !== x.length || end.length !== x.length) complain('has bounds for other axes')
      const fits = x.every(
        (size, axis) =>
          (begin[axis] ?? 0) >= 0 && (end[axis] ?? 0) > (begin[axis] ?? 0) && (end[axis] ?? 0) <= size,
      )
      if (!fits) complain(`cuts ${begin.join(', ')} to ${end.join(', ')} from [${x.join(', ')}]`)
      return done(end.map((last, axis) => last - (begin[axis] as number)))
    }
    case 'clip':
    case 'affine':
    case 'activation':
    case 'gelu':
      return x
    case 'add':
    case 'multiply': {
      const [n, c] = x as readonly [number, number]
      const spread = x.length === 4 && [c, 1].some((channels) => sameShape([n, channels, 1, 1], y))
      if (!sameShape(x, y) && !spread) {
        const [from, by] = [x.join(', '), y.join(', ')]
        complain(params.kind === 'add' ? `adds [${by}] to [${from}]` : `multiplies [${from}] by [${by}]`)
      }
      return done(x)
    }
    case 'max':
      if (!sameShape(x, y)) complain(`takes the larger of [${x.join(', ')}] and [${y.join(', ')}]`)
      return done(x)
    case 'globalPooling':
      expectRank(4, 4)
      return done([...x.slice(0, 2), 1, 1])
    case 'flattenTo2D':
      return [x[0] ?? 0, elementCount(x.slice(1))]
    case 'softmaxND':
      expectRank(2, 5)
      return done(x)
    default:
      return params satisfies never
  }
}
