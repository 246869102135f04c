/** Output types of the ops this package writes, by the rules of coremltools' MIL definitions. */
import { elementCount } from '@mobileone/core'
import { type TensorType, tensorType, type Value, type ValueType } from '../mil/program.ts'

/** What is known of an operand: its type, and its value where it is an immediate constant. */
export interface Operand {
  readonly type: ValueType
  /** Of an argument that takes several values: all of them, the first included. */
  readonly parts?: readonly Operand[]
  readonly value?: Value
}

/** @throws Error saying what does not fit; the caller adds the place. */
export function inferOutputs(type: string, operand: (name: string) => Operand): readonly ValueType[] {
  const tensorOf = (name: string): TensorType => {
    const found = operand(name).type
    if (found.kind !== 'tensor') throw new Error(`${name} must be a tensor`)
    return found
  }
  const floating = (name: string): TensorType => {
    const found = tensorOf(name)
    if (found.dtype !== 'fp16' && found.dtype !== 'fp32') throw new Error(`${name} must be fp16 or fp32`)
    return found
  }
  const integers = (name: string, length?: number): readonly number[] => {
    const { type: given, value } = operand(name)
    const wanted = length === undefined ? '' : ` of ${length}`
    if (given.kind !== 'tensor' || given.dtype !== 'int32' || value?.payload.kind !== 'numbers') {
      throw new Error(`${name} must be a constant of int32${wanted}`)
    }
    if (length !== undefined && (given.shape.length !== 1 || given.shape[0] !== length)) {
      throw new Error(`${name} must be a constant of int32${wanted}`)
    }
    return Array.from(value.payload.values)
  }
  const text = (name: string): string => {
    const { payload } = operand(name).value ?? {}
    if (payload?.kind !== 'strings') throw new Error(`${name} must be a constant string`)
    return payload.values[0] ?? ''
  }
  const map = (name: string): TensorType => {
    const found = floating(name)
    if (found.shape.length !== 4) throw new Error(`${name} must have rank 4`)
    return found
  }
  const flag = (name: string): boolean => {
    const { payload } = operand(name).value ?? {}
    if (payload?.kind !== 'bools') throw new Error(`${name} must be a constant bool`)
    return payload.values[0] === true
  }
  const expectType = (name: string, dtype: TensorType['dtype'], shape: readonly number[]): void => {
    const found = tensorOf(name)
    if (found.dtype !== dtype || String(found.shape) !== String(shape)) {
      throw new Error(
        `${name} must be ${dtype}[${shape.join(', ')}], not ${found.dtype}[${found.shape.join(', ')}]`,
      )
    }
  }

  switch (type) {
    case 'cast': {
      const dtype = text('dtype')
      if (!['fp16', 'fp32', 'int32', 'bool'].includes(dtype))
        throw new Error(`there is no cast to "${dtype}"`)
      return [tensorType(dtype as TensorType['dtype'], tensorOf('x').shape)]
    }
    case 'identity':
      return [tensorOf('x')]
    case 'relu':
    case 'relu6':
    case 'sigmoid':
    case 'silu':
      return [floating('x')]
    case 'gelu':
      if (text('mode') !== 'EXACT') throw new Error('mode must be "EXACT"')
      return [floating('x')]
    case 'softmax': {
      const x = floating('x')
      const { value } = operand('axis')
      const axis = value?.payload.kind === 'numbers' ? value.payload.values[0] : undefined
      if (axis === undefined || axis < -x.shape.length || axis >= x.shape.length) {
        throw new Error(`axis ${axis} is not an axis of x`)
      }
      return [x]
    }
    case 'add':
    case 'mul':
    case 'maximum': {
      const [x, y] = [floating('x'), floating('y')]
      if (x.dtype !== y.dtype) throw new Error(`x is ${x.dtype} and y is ${y.dtype}`)
      return [tensorType(x.dtype, broadcast(x.shape, y.shape))]
    }
    case 'conv': {
      const [x, weight] = [floating('x'), floating('weight')]
      if (x.shape.length !== 4 || weight.shape.length !== 4) throw new Error('x and weight must have rank 4')
      const [n = 0, c = 0, ...size] = x.shape
      const [o = 0, perGroup = 0, ...kernel] = weight.shape
      const [strides, pad, dilations] = [integers('strides', 2), integers('pad', 4), integers('dilations', 2)]
      const [groups = 0] = integers('groups')
      if (weight.dtype !== x.dtype) throw new Error(`x is ${x.dtype} and weight is ${weight.dtype}`)
      if (groups < 1 || perGroup * groups !== c || o % groups !== 0) {
        throw new Error(
          `${c} input and ${o} output channels in ${groups} groups do not fit the weight's ${perGroup}`,
        )
      }
      expectType('bias', x.dtype, [o])
      if (text('pad_type') !== 'custom') throw new Error('pad_type must be "custom"')
      const out = size.map((length, axis) => {
        const padded = length + (pad[2 * axis] ?? 0) + (pad[2 * axis + 1] ?? 0)
        const reach = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1
        return Math.floor((padded - reach) / (strides[axis] ?? 1)) + 1
      })
      return [tensorType(x.dtype, [n, o, ...out])]
    }
    case 'linear': {
      const [x, weight] = [floating('x'), floating('weight')]
      const [o = 0, i = 0] = weight.shape
      if (weight.dtype !== x.dtype) throw new Error(`x is ${x.dtype} and weight is ${weight.dtype}`)
      if (weight.shape.length !== 2 || x.shape.at(-1) !== i) throw new Error('x and weight do not fit')
      expectType('bias', x.dtype, [o])
      return [tensorType(x.dtype, [...x.shape.slice(0, -1), o])]
    }
    case 'reduce_mean': {
      const x = floating('x')
      const axes = integers('axes').map((axis) => (axis < 0 ? axis + x.shape.length : axis))
      const keep = operand('keep_dims').value?.payload
      if (keep?.kind !== 'bools' || keep.values[0] !== true) throw new Error('keep_dims must be true')
      return [
        tensorType(
          x.dtype,
          x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)),
        ),
      ]
    }
    case 'sigmoid_hard': {
      const x = floating('x')
      expectType('alpha', x.dtype, [])
      expectType('beta', x.dtype, [])
      return [x]
    }
    case 'max_pool': {
      const x = map('x')
      const [kernel, strides, pad] = [integers('kernel_sizes', 2), integers('strides', 2), integers('pad', 4)]
      if (text('pad_type') !== 'custom') throw new Error('pad_type must be "custom"')
      if (flag('ceil_mode')) throw new Error('ceil_mode must be false')
      const out = x.shape.slice(2).map((length, axis) => {
        const padded = length + (pad[2 * axis] ?? 0) + (pad[2 * axis + 1] ?? 0)
        return Math.floor((padded - (kernel[axis] ?? 1)) / (strides[axis] ?? 1)) + 1
      })
      return [tensorType(x.dtype, [...x.shape.slice(0, 2), ...out])]
    }
    case 'resize_bilinear': {
      const x = map('x')
      const modes = ['STRICT_ALIGN_CORNERS', 'ALIGN_CORNERS', 'UNALIGN_CORNERS', 'DEFAULT', 'OFFSET_CORNERS']
      if (!modes.includes(text('sampling_mode')))
        throw new Error(`there is no sampling_mode "${text('sampling_mode')}"`)
      const size = [...integers('target_size_height'), ...integers('target_size_width')]
      return [tensorType(x.dtype, [...x.shape.slice(0, 2), ...size])]
    }
    case 'upsample_nearest_neighbor': {
      const x = map('x')
      const factors = [...integers('scale_factor_height'), ...integers('scale_factor_width')]
      const size = x.shape.slice(2).map((length, axis) => length * (factors[axis] ?? 1))
      return [tensorType(x.dtype, [...x.shape.slice(0, 2), ...size])]
    }
    case 'concat': {
      const { parts = [operand('values')] } = operand('values')
      const types = parts.map((part) => part.type).filter((found) => found.kind === 'tensor')
      const [first] = types
      const [axis = 0] = integers('axis')
      if (!first || types.length < parts.length) throw new Error('values must be tensors')
      if (flag('interleave')) throw new Error('interleave must be false')
      const along = axis < 0 ? axis + first.shape.length : axis
      const rest = (shape: readonly number[]): string =>
        String(shape.map((size, at) => (at === along ? 0 : size)))
      if (!(along < first.shape.length)) throw new Error(`axis ${axis} is not an axis of values`)
      for (const { dtype, shape } of types) {
        if (dtype !== first.dtype || rest(shape) !== rest(first.shape)) {
          throw new Error(
            `values of ${first.dtype}[${first.shape.join(', ')}] and ${dtype}[${shape.join(', ')}] do not join`,
          )
        }
      }
      const total = types.reduce((sum, { shape }) => sum + (shape[along] as number), 0)
      return [
        tensorType(
          first.dtype,
          first.shape.map((size, at) => (at === along ? total : size)),
        ),
      ]
    }
    case 'slice_by_size': {
      const x = tensorOf('x')
      const [begin, size] = [integers('begin', x.shape.length), integers('size', x.shape.length)]
      x.shape.forEach((length, axis) => {
        const [start = 0, count = 0] = [begin[axis], size[axis]]
        if (start < 0 || count < 1 || start + count > length) {
          throw new Error(`${count} elements from ${start} on are not within the ${length} of axis ${axis}`)
        }
      })
      return [tensorType(x.dtype, size)]
    }
    case 'reshape': {
      const x = tensorOf('x')
      const shape = integers('shape')
      if (elementCount(shape) !== elementCount(x.shape))
        throw new Error('shape has another number of elements')
      return [tensorType(x.dtype, shape)]
    }
    case 'classify': {
      const probabilities = tensorOf('probabilities')
      const classes = operand('classes')
      if (probabilities.dtype !== 'fp32')
        throw new Error(`probabilities must be fp32, not ${probabilities.dtype}`)
      if (classes.type.kind !== 'list' || classes.value?.payload.kind !== 'list') {
        throw new Error('classes must be a literal list')
      }
      const count = classes.value.payload.values.length
      if (classes.type.length !== count || count !== elementCount(probabilities.shape)) {
        throw new Error(`there are ${count} labels for ${elementCount(probabilities.shape)} probabilities`)
      }
      const labels = classes.value.payload.values.map(({ payload }) =>
        payload.kind === 'strings' ? payload.values[0] : '',
      )
      if (new Set(labels).size !== count) throw new Error('two labels are the same')
      const label = classes.type.element
      const probability = tensorType('fp64')
      return [label, { kind: 'dictionary', key: label, value: probability }]
    }
    default:
      throw new Error('unknown op')
  }
}

function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [x = 1, y = 1] = [a[axis - rank + a.length], b[axis - rank + b.length]]
    if (x !== y && x !== 1 && y !== 1)
      throw new Error(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`)
    return Math.max(x, y)
  })
}
