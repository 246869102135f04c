import { elementCount, erf, MobileOneError, type Upsample } from '@mobileone/core'
import { formatType, type MilType, type Operation } from '../mil/program.ts'
import type { Constant } from '../read/constant.ts'
import { limits } from '../read/limits.ts'
import { conv } from './conv.ts'
import * as kernels from './kernels.ts'
import * as maps from './map-kernels.ts'

/** A value of the program while it runs: its place in time is the name it stands under. */
export interface Known {
  readonly dtype: MilType
  readonly shape: readonly number[]
  /** Set for constants. */
  readonly constant?: Constant
}

type Four = [Float32Array, Float32Array, Float32Array, Float32Array]

export interface CompiledStep {
  readonly shape: readonly number[]
  /** Names of the values read. */
  readonly inputs: readonly string[]
  readonly apply: (...values: Float32Array[]) => Float32Array
  /** Of convolutions and linear layers; the others take no longer than their results are large. */
  readonly multiplyAdds?: number
}

/** The kernel of one operation and the shape it gives. `known` finds what a binding names. */
export function compileStep(operation: Operation, known: (name: string) => Known | undefined): CompiledStep {
  const here = `operation "${operation.outputs[0]?.name ?? ''}" (${operation.type})`
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-file', `not a readable Core ML program: ${here} ${message}`)
  }
  const nameOf = (key: string): string => {
    const binding = operation.inputs.get(key)
    return binding?.kind === 'name' ? binding.name : fail(`has no "${key}" that names a value`)
  }
  const value = (key: string): Known =>
    known(nameOf(key)) ?? fail(`reads "${nameOf(key)}", which nothing makes`)
  const floats = (key: string): Known => {
    const found = value(key)
    return found.dtype === 'fp16' || found.dtype === 'fp32' ? found : fail(`needs floats as "${key}"`)
  }
  const numbers = (key: string): readonly number[] => {
    const values = value(key).constant?.values ?? fail(`needs a constant "${key}"`)
    if (values.length <= limits.parameters) return Array.from(values)
    return fail(`has ${values.length} numbers as "${key}", where at most ${limits.parameters} belong`)
  }
  const text = (key: string): string => value(key).constant?.texts?.[0] ?? fail(`needs a text "${key}"`)
  const unary = (apply: (x: number) => number): CompiledStep => ({
    shape: floats('x').shape,
    inputs: [nameOf('x')],
    apply: (x) => (x as Float32Array).map(apply),
  })
  const same = (shape: readonly number[]): CompiledStep => {
    if (elementCount(shape) !== elementCount(value('x').shape)) fail(`cannot give ${shape.join('x')}`)
    return { shape, inputs: [nameOf('x')], apply: (x) => (x as Float32Array).slice() }
  }

  switch (operation.type) {
    case 'identity':
    case 'cast':
      return same(floats('x').shape)
    case 'relu':
      return {
        shape: floats('x').shape,
        inputs: [nameOf('x')],
        apply: (x) => kernels.relu(x as Float32Array),
      }
    case 'relu6':
      return unary((x) => Math.min(Math.max(x, 0), 6))
    case 'sigmoid_hard': {
      const [[alpha = 0], [beta = 0]] = [numbers('alpha'), numbers('beta')]
      return unary((x) => Math.min(Math.max(alpha * x + beta, 0), 1))
    }
    case 'max_pool':
      return compileMaxPool()
    case 'resize_bilinear': {
      const mode = text('sampling_mode')
      const alignCorners = mode === 'STRICT_ALIGN_CORNERS'
      if (!alignCorners && mode !== 'UNALIGN_CORNERS') fail(`has the sampling_mode "${mode}"`)
      const size = [...numbers('target_size_height'), ...numbers('target_size_width')]
      if (alignCorners && size.includes(1)) fail('aligns the corners of a single pixel')
      return compileResize(size, { mode: 'bilinear', alignCorners })
    }
    case 'upsample_nearest_neighbor': {
      const { shape } = floats('x')
      const factors = [...numbers('scale_factor_height'), ...numbers('scale_factor_width')]
      if (!factors.every((factor) => Number.isInteger(factor) && factor >= 1))
        fail('has factors that are not whole')
      return compileResize(
        factors.map((factor, axis) => factor * (shape[2 + axis] ?? 0)),
        { mode: 'nearest' },
      )
    }
    case 'concat':
      return compileConcat()
    case 'slice_by_size': {
      const { shape } = value('x')
      const begin = numbers('begin')
      const size = numbers('size').map((count, axis) =>
        count === -1 ? (shape[axis] ?? 0) - (begin[axis] ?? 0) : count,
      )
      const fits = shape.every((length, axis) => {
        const [start = -1, count = 0] = [begin[axis], size[axis]]
        return [start, count].every(Number.isInteger) && start >= 0 && count >= 1 && start + count <= length
      })
      if (!fits || begin.length !== shape.length || size.length !== shape.length) {
        fail(`cannot take ${size.join('x')} from ${begin.join(', ')} of ${shape.join('x')}`)
      }
      return {
        shape: size,
        inputs: [nameOf('x')],
        apply: (x) => maps.cut(x as Float32Array, shape, begin, size),
      }
    }
    case 'sigmoid':
      return unary((x) => 1 / (1 + Math.exp(-x)))
    case 'silu':
      return unary((x) => x / (1 + Math.exp(-x)))
    case 'gelu':
      if (text('mode') !== 'EXACT') fail('is an approximation of gelu')
      return unary((x) => 0.5 * x * (1 + erf(x / Math.SQRT2)))
    case 'add':
    case 'mul':
    case 'maximum': {
      const [x, y] = [floats('x').shape, floats('y').shape]
      const rank = Math.max(x.length, y.length)
      const shape = Array.from({ length: rank }, (_, axis) => {
        const [a = 1, b = 1] = [x[axis - rank + x.length], y[axis - rank + y.length]]
        return a === b || b === 1
          ? a
          : a === 1
            ? b
            : fail(`cannot broadcast ${x.join('x')} and ${y.join('x')}`)
      })
      const combine = {
        add: (a: number, b: number) => a + b,
        mul: (a: number, b: number) => a * b,
        maximum: Math.max,
      }[operation.type]
      return {
        shape,
        inputs: [nameOf('x'), nameOf('y')],
        apply: (a, b) => kernels.broadcast([a as Float32Array, x], [b as Float32Array, y], shape, combine),
      }
    }
    case 'conv':
      return compileConv()
    case 'linear': {
      const [x, weight, bias] = [floats('x').shape, floats('weight').shape, floats('bias').shape]
      if (weight.length !== 2 || x.at(-1) !== weight[1] || elementCount(bias) !== weight[0])
        fail('has parts that do not fit')
      return {
        shape: [...x.slice(0, -1), weight[0] as number],
        inputs: [nameOf('x'), nameOf('weight'), nameOf('bias')],
        multiplyAdds: elementCount(x) * (weight[0] as number),
        apply: (a, w, b) => kernels.linear(a as Float32Array, w as Float32Array, b as Float32Array),
      }
    }
    case 'batch_norm': {
      const { shape } = floats('x')
      const keys = ['gamma', 'beta', 'mean', 'variance'] as const
      if (shape.length !== 4 || keys.some((key) => elementCount(floats(key).shape) !== shape[1]))
        fail('has statistics that do not fit its channels')
      const plane = elementCount(shape.slice(2))
      const [epsilon = 1e-5] = numbers('epsilon')
      return {
        shape,
        inputs: ['x', ...keys].map(nameOf),
        apply: (...values) => {
          const [x, gamma, beta, mean, variance] = values as [Float32Array, ...Four]
          return kernels.batchNorm(x, plane, { gamma, beta, mean, variance, epsilon })
        },
      }
    }
    case 'avg_pool':
    case 'reduce_mean':
      return compileMean()
    case 'reshape': {
      const { shape } = value('x')
      const wanted = numbers('shape')
      const given = wanted.reduce((product, size) => (size < 0 ? product : product * size), 1)
      return same(wanted.map((size) => (size < 0 ? elementCount(shape) / given : size)))
    }
    case 'softmax': {
      const { shape } = floats('x')
      const [axis = -1] = numbers('axis')
      const inner = shape.slice((axis < 0 ? axis + shape.length : axis) + 1)
      if (elementCount(inner) !== 1) fail('has an axis that is not the last')
      const size = shape[axis < 0 ? axis + shape.length : axis] as number
      return { shape, inputs: [nameOf('x')], apply: (x) => kernels.softmax(x as Float32Array, size) }
    }
    default:
      throw new MobileOneError('unsupported', `cannot interpret ${here}: there is no kernel for this op`)
  }

  function compileConv(): CompiledStep {
    const [x, weight] = [floats('x').shape, floats('weight').shape]
    if (x.length !== 4 || weight.length !== 4) fail('is not two-dimensional')
    const [strides, dilations] = [numbers('strides'), numbers('dilations')]
    const kind = text('pad_type')
    if (kind !== 'custom' && kind !== 'valid') fail(`has pad_type "${kind}"`)
    const pad = kind === 'custom' ? numbers('pad') : [0, 0, 0, 0]
    const [groups = 1] = numbers('groups')
    const [n = 0, c = 0, ...sizes] = x
    const [o = 0, perGroup = 0, ...kernel] = weight
    const whole = [...strides, ...dilations, groups].every((size) => Number.isInteger(size) && size >= 1)
    if (!whole || strides.length !== 2 || dilations.length !== 2 || pad.length !== 4)
      fail('has wrong parameters')
    if (!pad.every((size) => Number.isInteger(size) && size >= 0 && size < 65536)) fail('has a wrong padding')
    if (perGroup * groups !== c || o % groups !== 0) fail('has channels that do not fit its groups')
    const out = sizes.map((size, axis) => {
      const reach = (dilations[axis] as number) * ((kernel[axis] as number) - 1) + 1
      const padded = size + (pad[2 * axis] as number) + (pad[2 * axis + 1] as number)
      return Math.floor((padded - reach) / (strides[axis] as number)) + 1
    })
    const shape = { x, weight, out: [n, o, ...out], strides, pad, dilations, groups }
    const hasBias = operation.inputs.has('bias')
    if (hasBias && elementCount(floats('bias').shape) !== o) fail('has a bias of another length')
    const none = new Float32Array(hasBias ? 0 : o)
    return {
      shape: shape.out,
      inputs: [nameOf('x'), nameOf('weight'), ...(hasBias ? [nameOf('bias')] : [])],
      multiplyAdds: elementCount(shape.out) * elementCount(weight.slice(1)),
      apply: (a, w, b) => conv(a as Float32Array, w as Float32Array, b ?? none, shape),
    }
  }

  function compileMaxPool(): CompiledStep {
    const { shape } = floats('x')
    const [kernel, strides, pad] = [numbers('kernel_sizes'), numbers('strides'), numbers('pad')]
    const [ceil = 0] = numbers('ceil_mode')
    if (shape.length !== 4 || text('pad_type') !== 'custom' || ceil !== 0)
      fail('pools in a way that has no kernel')
    const isWhole = (sizes: readonly number[], least: number): boolean =>
      sizes.every((size) => Number.isInteger(size) && size >= least && size < 65536)
    if (kernel.length !== 2 || strides.length !== 2 || pad.length !== 4) fail('has wrong parameters')
    if (!isWhole(kernel, 1) || !isWhole(strides, 1) || !isWhole(pad, 0)) fail('has wrong parameters')
    const padding = [pad[0] as number, pad[2] as number]
    const out = shape.slice(2).map((size, axis) => {
      const padded = size + (pad[2 * axis] as number) + (pad[2 * axis + 1] as number)
      return Math.floor((padded - (kernel[axis] as number)) / (strides[axis] as number)) + 1
    })
    const to = [...shape.slice(0, 2), ...out]
    const reach = kernel.map((size, axis) => Math.min(size, shape[2 + axis] as number))
    return {
      shape: to,
      inputs: [nameOf('x')],
      multiplyAdds: elementCount(to) * elementCount(reach),
      apply: (x) => maps.maxPool(x as Float32Array, shape, to, { kernel, strides, padding }),
    }
  }

  function compileResize(
    size: readonly number[],
    how: Pick<Upsample, 'mode' | 'alignCorners'>,
  ): CompiledStep {
    const { shape } = floats('x')
    if (
      shape.length !== 4 ||
      size.length !== 2 ||
      !size.every((length) => Number.isInteger(length) && length >= 1)
    ) {
      fail(`cannot resize ${shape.join('x')} to ${size.join('x')}`)
    }
    const to = [...shape.slice(0, 2), ...size]
    return {
      shape: to,
      inputs: [nameOf('x')],
      apply: (x) => maps.resample(x as Float32Array, shape, to, how),
    }
  }

  function compileConcat(): CompiledStep {
    const binding = operation.inputs.get('values')
    const names = binding?.kind === 'names' ? binding.names : [nameOf('values')]
    const shapes = names.map((name) => known(name)?.shape ?? fail(`reads "${name}", which nothing makes`))
    const [first = []] = shapes
    const [given = 0] = numbers('axis')
    const axis = given < 0 ? given + first.length : given
    const [interleave = 0] = numbers('interleave')
    if (interleave !== 0 || !(axis < first.length)) fail('joins in a way that has no kernel')
    const others = (shape: readonly number[]): string =>
      shape.map((size, at) => (at === axis ? 0 : size)).join('x')
    if (shapes.some((shape) => others(shape) !== others(first))) fail('joins values whose sizes differ')
    const total = shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0)
    return {
      shape: first.map((size, at) => (at === axis ? total : size)),
      inputs: names,
      apply: (...values) => maps.join(values, shapes, axis),
    }
  }

  function compileMean(): CompiledStep {
    const { shape } = floats('x')
    const plane = elementCount(shape.slice(2))
    let keep = true
    if (operation.type === 'avg_pool') {
      const kind = text('pad_type')
      const pad = kind === 'custom' ? numbers('pad') : []
      if ((kind !== 'custom' && kind !== 'valid') || pad.some((size) => size !== 0)) {
        fail(`pads by "${kind}" ${pad.join(', ')}`)
      }
      if (shape.length !== 4 || String(numbers('kernel_sizes')) !== String(shape.slice(2))) {
        fail('pools less than the whole map')
      }
    } else {
      const axes = numbers('axes').map((axis) => (axis < 0 ? axis + shape.length : axis))
      if (shape.length !== 4 || String(axes.sort()) !== '2,3')
        fail('averages over other axes than height and width')
      keep = value('keep_dims').constant?.values[0] === 1
    }
    return {
      shape: keep ? [...shape.slice(0, 2), 1, 1] : shape.slice(0, 2),
      inputs: [nameOf('x')],
      apply: (x) => kernels.planeMeans(x as Float32Array, plane),
    }
  }
}

/** @throws MobileOneError `invalid-file` where the program declares another type than the kernel gives. */
export function checkDeclared(operation: Operation, shape: readonly number[]): MilType {
  const output = operation.outputs[0]
  if (output?.type.kind === 'tensor' && String(output.type.shape) === String(shape)) return output.type.dtype
  throw new MobileOneError(
    'invalid-file',
    `not a readable Core ML program: "${output?.name ?? operation.type}" is declared ${output ? formatType(output.type) : 'nothing'}, and is [${shape.join(', ')}]`,
  )
}
