import { elementCount, MobileOneError, type Node, spec, type Tensor, type TensorSpec } from '@mobileone/core'
import type { Description, Operation, Program } from '../mil/program.ts'
import type { Constant } from './constant.ts'
import { limits, WeightBudget } from './limits.ts'
import type { Affine } from './read-card.ts'
import { Constants, toTensor, type WeightFiles } from './read-constants.ts'

/** What a program's name stands for while it is read. */
type Known =
  | { readonly kind: 'constant'; readonly constant: Constant }
  | { readonly kind: 'input'; readonly name: string; readonly affine?: Affine }
  | { readonly kind: 'value'; readonly name: string; readonly shape: readonly number[] }

/** A program as the parts of a model, under the program's names. */
export interface Imported {
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly nodes: readonly Node[]
  readonly weights: ReadonlyMap<string, Tensor>
  readonly outputs: readonly (readonly [name: string, value: string])[]
  readonly labels?: readonly string[]
  readonly affine?: Affine
}

/** @throws MobileOneError `unsupported` for operations a model does not have, `invalid-file` for a program that makes no sense. */
export function importProgram(
  program: Program,
  description: Description,
  weightFiles: WeightFiles,
  size: number,
): Imported {
  const known = new Map<string, Known>()
  const constants = new Constants(weightFiles, new WeightBudget('program', size))
  const inputs: Record<string, TensorSpec> = {}
  const nodes: Node[] = []
  const weights = new Map<string, Tensor>()
  const declared = new Map<string, readonly number[]>()
  const images = new Set(
    description.inputs.filter(({ type }) => type.kind === 'image').map(({ name }) => name),
  )
  let affine: Affine | undefined
  let labels: readonly string[] | undefined
  let probabilities: string | undefined

  for (const { name, type } of program.inputs) {
    if (type.kind !== 'tensor' || (type.dtype !== 'fp32' && type.dtype !== 'fp16')) {
      throw new MobileOneError(
        'unsupported',
        `the input "${name}" of the Core ML program is not a tensor of floats`,
      )
    }
    if (known.has(name)) fail(`two inputs are named "${name}"`)
    known.set(name, { kind: 'input', name })
    inputs[name] = spec(type.shape)
    declared.set(name, type.shape)
  }
  for (const operation of program.operations) importOperation(operation)

  if (new Set(program.outputs).size !== program.outputs.length) fail('it shows one output twice')
  const shown = program.outputs.filter((name) => name !== description.predictedFeatureName)
  const outputs = shown.map((name): [string, string] => {
    if (probabilities !== undefined && name === description.predictedProbabilitiesName) {
      const softmax = nodes.find((node) => node.name === probabilities)
      const elsewhere = nodes.some((node) => node.inputs.some((input) => input === probabilities))
      if (softmax?.op !== 'softmax' || elsewhere) return ['probabilities', probabilities]
      nodes.splice(nodes.indexOf(softmax), 1)
      return ['logits', softmax.inputs[0]]
    }
    return [name, nameOfValue(name, `the output "${name}"`)]
  })
  return {
    inputs,
    nodes,
    weights,
    outputs,
    ...(labels && { labels }),
    ...(affine && { affine }),
  }

  function append(node: Node): void {
    nodes.push(node)
    if (nodes.length > limits.nodes) {
      throw new MobileOneError('unsupported', `the Core ML program makes more than ${limits.nodes} nodes`)
    }
  }

  function fail(message: string): never {
    throw new MobileOneError('invalid-file', `not a readable Core ML program: ${message}`)
  }

  /** The value that a name stands for, which fixes the preprocessing where it is the image. */
  function nameOfValue(name: string, where: string): string {
    const found = known.get(name)
    if (!found) return fail(`${where} reads "${name}", which no earlier operation makes`)
    if (found.kind === 'constant') {
      throw new MobileOneError(
        'unsupported',
        `${where} of the Core ML program uses the constant "${name}" as a value`,
      )
    }
    if (found.kind === 'input' && found.affine) {
      if (affine && affine !== found.affine) {
        throw new MobileOneError('unsupported', 'the Core ML program normalises its image in two ways')
      }
      affine = found.affine
    }
    return found.name
  }

  function importOperation(operation: Operation): void {
    const output = operation.outputs[0]
    if (!output) fail(`an operation ${operation.type} has no output`)
    const { name } = output
    const here = `operation "${name}" (${operation.type})`
    for (const made of operation.outputs)
      if (known.has(made.name)) fail(`two values are named "${made.name}"`)
    const unsupported: (message: string) => never = (message) => {
      throw new MobileOneError('unsupported', `cannot read the Core ML program: ${here} ${message}`)
    }
    const constant = constants.read(operation)
    if (constant) {
      known.set(name, { kind: 'constant', constant })
      return
    }
    const bound = (key: string): string => {
      const binding = operation.inputs.get(key)
      return binding?.kind === 'name' ? binding.name : fail(`${here} has no "${key}" that names a value`)
    }
    const value = (key: string): string => nameOfValue(bound(key), here)
    const shapeOf = (key: string): readonly number[] => declared.get(bound(key)) ?? []
    const constantAt = (key: string): Constant => {
      const found = known.get(bound(key))
      return found?.kind === 'constant' ? found.constant : fail(`${here}: "${key}" must be a constant`)
    }
    const numbers = (key: string): readonly number[] => {
      const { values } = constantAt(key)
      if (values.length <= limits.parameters) return Array.from(values)
      return fail(`${here}: "${key}" has ${values.length} numbers, where at most ${limits.parameters} belong`)
    }
    const weight = (key: string): string => {
      const weightName = bound(key)
      const held = constantAt(key)
      if (held.dtype !== 'fp16' && held.dtype !== 'fp32')
        fail(`${here}: "${key}" is ${held.dtype}, where floats belong`)
      if (!weights.has(weightName)) weights.set(weightName, toTensor(held))
      return weightName
    }
    const alias = (key: string): void => {
      const found =
        known.get(bound(key)) ?? fail(`${here} reads "${bound(key)}", which no earlier operation makes`)
      known.set(name, found)
      declared.set(name, shapeOf(key))
    }
    const push = (node: Node): void => {
      const shape = output.type.kind === 'tensor' ? output.type.shape : []
      append(node)
      known.set(name, { kind: 'value', name, shape })
      declared.set(name, shape)
    }
    /** The input times `scale` plus `shift`, on top of what it went through before. */
    const normalise = (
      image: Known & { kind: 'input' },
      scale: readonly number[],
      shift: readonly number[],
    ): void => {
      const before = image.affine ?? { scale: scale.map(() => 1), bias: scale.map(() => 0) }
      const affine = {
        scale: before.scale.map((factor, channel) => factor * (scale[channel] as number)),
        bias: before.bias.map(
          (term, channel) => term * (scale[channel] as number) + (shift[channel] as number),
        ),
      }
      known.set(name, { kind: 'input', name: image.name, affine })
      declared.set(name, inputs[image.name]?.shape ?? [])
    }
    const bias = operation.inputs.has('bias') ? { bias: bound('bias') } : {}

    switch (operation.type) {
      case 'cast':
      case 'identity':
        alias('x')
        return
      case 'conv': {
        const kind = constantAt('pad_type').texts?.[0]
        const pad = kind === 'valid' ? [0, 0, 0, 0] : numbers('pad')
        const [top = 0, bottom = 0, left = 0, right = 0] = pad
        if ((kind !== 'custom' && kind !== 'valid') || top !== bottom || left !== right) {
          unsupported(`pads by "${kind}" ${pad.join(', ')}; both sides of an axis must get the same`)
        }
        if (bias.bias !== undefined) weight('bias')
        push({
          op: 'conv2d',
          name,
          inputs: [value('x')],
          weight: weight('weight'),
          ...bias,
          stride: pair(numbers('strides')),
          padding: [top, left],
          dilation: pair(numbers('dilations')),
          groups: numbers('groups')[0] ?? 1,
        })
        return
      }
      case 'linear':
        if (bias.bias !== undefined) weight('bias')
        push({ op: 'linear', name, inputs: [value('x')], weight: weight('weight'), ...bias })
        return
      case 'batch_norm': {
        const found = known.get(bound('x'))
        // coremltools writes the normalisation of an image so, once it has optimised a program.
        if (found?.kind === 'input' && images.has(found.name)) {
          const [gamma, beta] = [numbers('gamma'), numbers('beta')]
          const [mean, variance] = [numbers('mean'), numbers('variance')]
          const [epsilon = 1e-5] = numbers('epsilon')
          const channels = shapeOf('x')[1] ?? 0
          if ([gamma, beta, mean, variance].some(({ length }) => length !== channels))
            fail(`${here} has statistics that do not fit its ${channels} channels`)
          const scale = gamma.map(
            (factor, channel) => factor / Math.sqrt((variance[channel] as number) + epsilon),
          )
          const shift = beta.map(
            (term, channel) => term - (mean[channel] as number) * (scale[channel] as number),
          )
          normalise(found, scale, shift)
          return
        }
        push({
          op: 'batchNorm',
          name,
          inputs: [value('x')],
          weight: weight('gamma'),
          bias: weight('beta'),
          runningMean: weight('mean'),
          runningVar: weight('variance'),
          epsilon: numbers('epsilon')[0] ?? 1e-5,
        })
        return
      }
      case 'relu':
      case 'relu6':
      case 'sigmoid':
      case 'silu':
        push({ op: operation.type, name, inputs: [value('x')] })
        return
      case 'sigmoid_hard': {
        const [[alpha = 0], [beta = 0]] = [numbers('alpha'), numbers('beta')]
        const isNear = (given: number, wanted: number): boolean => Math.abs(given - wanted) < 5e-4 * wanted
        if (!isNear(alpha, 1 / 6) || !isNear(beta, 0.5)) {
          unsupported(`clips ${alpha} x + ${beta} to 0..1; x / 6 + 1/2 is supported`)
        }
        push({ op: 'hardSigmoid', name, inputs: [value('x')] })
        return
      }
      case 'max_pool': {
        const [kernel, strides] = [pair(numbers('kernel_sizes')), pair(numbers('strides'))]
        const kind = constantAt('pad_type').texts?.[0]
        const pad = kind === 'valid' ? [0, 0, 0, 0] : numbers('pad')
        const [top = 0, bottom = 0, left = 0, right = 0] = pad
        if ((kind !== 'custom' && kind !== 'valid') || top !== bottom || left !== right) {
          unsupported(`pads by "${kind}" ${pad.join(', ')}; both sides of an axis must get the same`)
        }
        if (operation.inputs.has('ceil_mode') && numbers('ceil_mode')[0] === 1) unsupported('has ceil_mode')
        push({ op: 'maxPool', name, inputs: [value('x')], kernel, stride: strides, padding: [top, left] })
        return
      }
      case 'resize_bilinear': {
        const mode = constantAt('sampling_mode').texts?.[0] ?? ''
        if (mode !== 'UNALIGN_CORNERS' && mode !== 'STRICT_ALIGN_CORNERS')
          unsupported(`has the sampling_mode "${mode}"`)
        const size = pair([...numbers('target_size_height'), ...numbers('target_size_width')])
        const corners = mode === 'STRICT_ALIGN_CORNERS' && { alignCorners: true }
        push({ op: 'upsample', name, inputs: [value('x')], mode: 'bilinear', ...corners, size })
        return
      }
      case 'upsample_nearest_neighbor': {
        const scale = pair([...numbers('scale_factor_height'), ...numbers('scale_factor_width')])
        if (!scale.every(Number.isInteger)) unsupported(`has factors that are not whole: ${scale.join(', ')}`)
        push({ op: 'upsample', name, inputs: [value('x')], mode: 'nearest', scale })
        return
      }
      case 'concat': {
        const binding = operation.inputs.get('values')
        const names = binding?.kind === 'names' ? binding.names : [bound('values')]
        const [first = '', ...others] = names.map((each) => nameOfValue(each, here))
        if (numbers('interleave')[0] === 1) unsupported('interleaves its values')
        push({
          op: 'concat',
          name,
          inputs: [first, ...others],
          axis: axisOf(names[0] ?? '', numbers('axis')[0] ?? 0),
        })
        return
      }
      case 'slice_by_size':
      case 'slice_by_index': {
        const from = shapeOf('x')
        const begin = numbers('begin')
        const cuts = from.flatMap((size, axis) => {
          const range = rangeAlong(axis, size, begin)
          return range.start === 0 && range.end === size ? [] : [{ axis, ...range }]
        })
        const [cut, ...more] = cuts
        if (more.length > 0) unsupported('cuts several axes at once')
        if (cut) push({ op: 'slice', name, inputs: [value('x')], ...cut })
        else alias('x')
        return
      }
      case 'gelu':
        if (constantAt('mode').texts?.[0] !== 'EXACT') unsupported('is an approximation of gelu')
        push({ op: 'gelu', name, inputs: [value('x')] })
        return
      case 'add':
      case 'mul': {
        const found = [known.get(bound('x')), known.get(bound('y'))] as const
        const [fixed] = found.filter((item) => item?.kind === 'constant')
        const [image] = found.filter((item) => item?.kind === 'input')
        if (!fixed) {
          const [x, y] = [value('x'), value('y')]
          const swapped = elementCount(shapeOf('x')) < elementCount(shapeOf('y'))
          push({ op: operation.type, name, inputs: swapped ? [y, x] : [x, y] })
          return
        }
        const [number, ...more] =
          fixed.kind === 'constant' ? Array.from(fixed.constant.values).slice(0, 2) : []
        const [other] = (['x', 'y'] as const).filter((_, index) => found[index] !== fixed)
        if (number !== undefined && more.length === 0 && other && !(image && images.has(image.name))) {
          const [scale, offset] = operation.type === 'mul' ? [number, 0] : [1, number]
          push({ op: 'affine', name, inputs: [value(other)], scale, offset })
          return
        }
        const factors = fixed.kind === 'constant' && operation.type === 'mul' ? fixed.constant : undefined
        const [, channels = 0, ...plane] = other ? shapeOf(other) : []
        if (other && factors && plane.length === 2 && String(factors.shape) === String([1, channels, 1, 1])) {
          const key = bound(other === 'x' ? 'y' : 'x')
          if (!(image && images.has(image.name)) && !weights.has(key)) {
            weights.set(key, toTensor({ ...factors, shape: [channels, 1, 1, 1] }))
            const whole = { stride: [1, 1], padding: [0, 0], dilation: [1, 1] } as const
            push({ op: 'conv2d', name, inputs: [value(other)], weight: key, ...whole, groups: channels })
            return
          }
        }
        if (image?.kind !== 'input' || fixed.kind !== 'constant') {
          unsupported('joins a constant with a value that is not the input')
        }
        const shape = inputs[image.name]?.shape ?? []
        const steps = perChannel(fixed.constant, shape) ?? unsupported('changes more than channels')
        const ones = steps.map(() => 1)
        const zeros = steps.map(() => 0)
        if (operation.type === 'mul') normalise(image, steps, zeros)
        else normalise(image, ones, steps)
        return
      }
      case 'maximum':
        push({ op: 'maximum', name, inputs: [value('x'), value('y')] })
        return
      case 'avg_pool': {
        const [, , ...size] = shapeOf('x')
        const kind = constantAt('pad_type').texts?.[0]
        const pad = kind === 'custom' ? numbers('pad') : []
        if ((kind !== 'custom' && kind !== 'valid') || pad.some((amount) => amount !== 0)) {
          unsupported(`pads by "${kind}" ${pad.join(', ')}; only an average without padding is supported`)
        }
        if (size.length !== 2 || String(numbers('kernel_sizes')) !== String(size)) {
          unsupported('pools less than the whole map')
        }
        push({ op: 'globalAvgPool', name, inputs: [value('x')] })
        return
      }
      case 'reduce_mean': {
        const rank = shapeOf('x').length
        const axes = numbers('axes').map((axis) => (axis < 0 ? axis + rank : axis))
        if (rank !== 4 || String(axes.sort()) !== '2,3')
          unsupported('averages over other axes than height and width')
        if (numbers('keep_dims')[0] === 1) {
          push({ op: 'globalAvgPool', name, inputs: [value('x')] })
          return
        }
        const pooled = `${name}_pooled`
        if (known.has(pooled)) fail(`two values are named "${pooled}"`)
        const [n = 0, c = 0] = shapeOf('x')
        append({ op: 'globalAvgPool', name: pooled, inputs: [value('x')] })
        known.set(pooled, { kind: 'value', name: pooled, shape: [n, c, 1, 1] })
        push({ op: 'flatten', name, inputs: [pooled] })
        return
      }
      case 'reshape':
      case 'squeeze': {
        const from = shapeOf('x')
        const to = output.type.kind === 'tensor' ? output.type.shape : []
        if (String(from) === String(to)) {
          alias('x')
          return
        }
        if (String(to) !== String([from[0], elementCount(from.slice(1))])) {
          unsupported(`makes ${to.join('x')} of ${from.join('x')}`)
        }
        push({ op: 'flatten', name, inputs: [value('x')] })
        return
      }
      case 'softmax': {
        const from = shapeOf('x')
        const [axis = -1] = numbers('axis')
        if (axisOf(bound('x'), axis) !== from.length - 1) {
          unsupported(`is a softmax over axis ${axis} of ${from.join('x')}; only the last axis is supported`)
        }
        push({ op: 'softmax', name, inputs: [value('x')] })
        return
      }
      case 'classify': {
        probabilities = value('probabilities')
        const classes = operation.inputs.get('classes')
        if (classes?.kind !== 'value' || classes.value.payload.kind !== 'list')
          fail(`${here} has no list of labels`)
        labels = classes.value.payload.values.map(({ payload }) =>
          payload.kind === 'strings'
            ? (payload.values[0] ?? '')
            : payload.kind === 'numbers'
              ? String(payload.values[0])
              : '',
        )
        return
      }
      default:
        unsupported('is an op that models do not have')
    }

    function axisOf(of: string, axis: number): number {
      return axis < 0 ? axis + (declared.get(of)?.length ?? 0) : axis
    }

    /** What a slice keeps of an axis. */
    function rangeAlong(
      axis: number,
      size: number,
      begin: readonly number[],
    ): { readonly start: number; readonly end: number } {
      const list = (key: string): readonly number[] => (operation.inputs.has(key) ? numbers(key) : [])
      const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
      if (operation.type === 'slice_by_size') {
        const start = begin[axis] ?? 0
        const count = numbers('size')[axis] ?? size
        return { start, end: count === -1 ? size : start + count }
      }
      if ((list('stride')[axis] ?? 1) !== 1 || list('squeeze_mask')[axis] === 1)
        unsupported('takes steps or drops an axis')
      return {
        start: list('begin_mask')[axis] === 1 ? 0 : place(begin[axis] ?? 0),
        end: list('end_mask')[axis] === 1 ? size : place(numbers('end')[axis] ?? size),
      }
    }
  }
}

function pair([first = 0, second = 0]: readonly number[]): [number, number] {
  return [first, second]
}

/** A constant as one number for each channel of an image [N, C, H, W], undefined where it is something else. */
function perChannel(constant: Constant, image: readonly number[]): readonly number[] | undefined {
  const channels = image[1] ?? 0
  if (channels > 4 || constant.values.length > 4 || image.length !== 4) return undefined
  const values = Array.from(constant.values)
  if (values.length === 1) return Array.from({ length: channels }, () => values[0] as number)
  return String(constant.shape.slice(-3)) === String([channels, 1, 1]) && values.length === channels
    ? values
    : undefined
}
