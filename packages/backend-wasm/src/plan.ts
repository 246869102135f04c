/**
 * From a model to a straight list of steps: kernels chosen, activations fused into their producers, layouts fixed, memory placed.
 * Nothing here touches WebAssembly; the plan is written into its memory later.
 */
import {
  type Add,
  type BatchNorm,
  type Conv2d,
  elementCount,
  findUses,
  floatWeight,
  type GraphUses,
  inferShapes,
  type Linear,
  type Model,
  type Mul,
  type Node,
  type Shapes,
  type Unary,
  unaryOps,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { chooseBand, padChannels, type Tuning } from './choose.ts'
import type { FurtherOps, PlanFurther } from './further-ops.ts'
import type { Int8Layers, PlanInt8 } from './int8-layers.ts'
import { packBatchNorm, packDepthwise, packNumbers, packPanels } from './pack.ts'
import type { Activation } from './planning.ts'
import { type Constant, constant, type Placement, Program } from './program.ts'
import { bytes, plane, planes, type Value, ValueTable } from './values.ts'

export interface Plan extends Placement {
  /** Byte offsets of the inputs, NCHW. */
  readonly inputs: Readonly<Record<string, number>>
  /** Byte offsets of the outputs, NCHW. */
  readonly outputs: Readonly<Record<string, { readonly offset: number; readonly shape: readonly number[] }>>
  /** Whether layers are computed in integers. */
  readonly precision: 'float32' | 'int8'
  /** What was chosen for the layers in int8, in the words of a probe. */
  readonly features: readonly string[]
}

/**
 * What {@link Planner} knows by itself besides linear layers, sums and products: the ops of a convolutional classifier. The others are
 * loaded where a model has one.
 */
const ownOps: ReadonlySet<string> = new Set(['conv2d', 'batchNorm', ...unaryOps, 'globalAvgPool', 'flatten'])

/**
 * Plan `model`, which has been validated, for `threads` threads.
 * @param planInt8 What plans layers with int8 weights; without it they are computed in float32.
 */
export async function planModel(
  model: Model,
  threads: number,
  tuning: Tuning,
  planInt8?: PlanInt8,
): Promise<Plan> {
  const shapes = inferShapes(model)
  const isOwn = (node: Node): boolean => {
    if (node.op === 'linear') return shapes[node.inputs[0]]!.length === 2
    if (node.op === 'add' || node.op === 'mul') return isSame(node, shapes) || isGated(node, shapes)
    return ownOps.has(node.op)
  }
  const further = model.nodes.every(isOwn) ? undefined : await import('./further-ops.ts')
  const planner = new Planner(model, tuning, shapes, further?.planFurther, planInt8)
  for (const node of model.nodes) planner.add(node)
  return planner.finish(threads)
}

/** Two values of one shape. */
function isSame({ inputs: [a, b] }: Add | Mul, shapes: Shapes): boolean {
  return elementCount(shapes[a]!) === elementCount(shapes[b]!)
}

/** A product with one number a channel of each image. */
function isGated(node: Add | Mul, shapes: Shapes): boolean {
  const [x, gate] = node.inputs.map((name) => shapes[name]!)
  return node.op === 'mul' && !isSame(node, shapes) && x![1] === gate![1]
}

const activations: Readonly<Record<Unary['op'], number>> = {
  relu: abi.RELU,
  sigmoid: abi.SIGMOID,
  silu: abi.SILU,
  gelu: abi.GELU,
  relu6: abi.RELU6,
  hardSigmoid: abi.HARD_SIGMOID,
  hardSwish: abi.HARD_SWISH,
}

class Planner {
  readonly #model: Model
  readonly #tuning: Tuning
  readonly #shapes: Shapes
  readonly #uses: GraphUses
  readonly #program = new Program(packNumbers())
  readonly #values: ValueTable
  readonly #fused = new Set<string>()
  readonly #zeros: Constant = constant(abi.ZERO_FLOATS, () => {})
  /** What plans the ops that this class does not. */
  readonly #further: FurtherOps | undefined
  /** What plans layers with int8 weights. */
  readonly #int8: Int8Layers | undefined

  constructor(
    model: Model,
    tuning: Tuning,
    shapes: Shapes,
    planFurther: PlanFurther | undefined,
    planInt8: PlanInt8 | undefined,
  ) {
    this.#model = model
    this.#tuning = tuning
    this.#shapes = shapes
    this.#uses = findUses(model)
    const [uses, program, fused, zeros] = [this.#uses, this.#program, this.#fused, this.#zeros]
    const activation = this.#activation.bind(this)
    const planning = { model, shapes, uses, tuning, program, fused, zeros, activation }
    this.#further = planFurther?.(planning)
    this.#values = this.#further?.values ?? new ValueTable(model.inputs, shapes, uses, program)
    this.#int8 = planInt8?.({ ...planning, values: this.#values })
  }

  add(node: Node): void {
    if (this.#fused.has(node.name)) return
    switch (node.op) {
      case 'conv2d':
        this.#conv(node)
        return
      case 'linear':
        this.#linear(node)
        return
      case 'batchNorm':
        this.#batchNorm(node)
        return
      case 'relu':
      case 'sigmoid':
      case 'silu':
      case 'gelu':
      case 'relu6':
      case 'hardSigmoid':
      case 'hardSwish':
        this.#unary(node)
        return
      case 'add':
      case 'mul':
        this.#binary(node)
        return
      case 'globalAvgPool':
        this.#globalAvgPool(node.name, node.inputs[0])
        return
      case 'flatten':
        if (this.#further) this.#further.add(node)
        else this.#flatten(node.name, node.inputs[0])
        return
      default:
        this.#further!.add(node)
    }
  }

  /** Show the outputs and place everything. */
  finish(threads: number): Plan {
    const outputs = Object.entries(this.#model.outputs).map(([name, valueName]) => ({
      name,
      buffer: this.#values.rowMajor(valueName),
      shape: this.#shapes[valueName]!,
    }))
    for (const { buffer } of outputs) this.#program.keep(buffer)
    const placement = this.#program.place(threads)
    return {
      ...placement,
      precision: this.#int8?.computes ? 'int8' : 'float32',
      features: this.#int8?.features ?? [],
      inputs: Object.fromEntries(
        Object.entries(this.#values.inputs).map(([name, { offset }]) => [name, offset]),
      ),
      outputs: Object.fromEntries(
        outputs.map(({ name, buffer, shape }) => [name, { offset: buffer.offset, shape }]),
      ),
    }
  }

  #conv(node: Conv2d): void {
    if (this.#int8?.conv(node)) return
    const name = node.inputs[0]
    const [n, inC, inH, inW] = this.#shapes[name] as [number, number, number, number]
    const [, outC, outH, outW] = this.#shapes[node.name] as [number, number, number, number]
    const { stride, padding, dilation, groups } = node
    const [kh, kw] = this.#model.weights[node.weight]!.shape.slice(2) as [number, number]
    const pixels = n * outH * outW
    const choice = this.#tuning.conv({
      kernel: [kh, kw],
      stride,
      padding,
      dilation,
      groups,
      inChannels: inC,
      outChannels: outC,
      outWidth: outW,
      pixels,
      planar: this.#values.get(name).planar,
    })
    const x = choice.planar ? this.#values.get(name) : this.#values.blocked(name)
    const act = this.#activation(node)
    const size = { n, c: outC, hw: outH * outW }
    const levels = choice.op === abi.DEPTHWISE3 ? this.#int8?.stored(act.result, size) : undefined
    const y = levels ?? this.#values.result(act.result, size)
    if (choice.op === abi.GEMM || choice.op === abi.GEMV) {
      this.#product(node, choice.op, choice.name, act, x, y)
      return
    }

    const weight = this.#weight(node.weight)
    const bias = this.#bias(node)
    const inGroup = inC / groups
    const outGroup = outC / groups
    const k = inGroup * kh * kw
    const rows = (n * outH * padChannels(outC)) / 8
    const depthwise = inGroup === 1 && outGroup === 1 && groups > 1 && choice.op !== abi.CONV
    const chunk = choice.op === abi.CONV && !choice.planar && inGroup % 8 === 0 ? this.#tuning.chunk : 0
    const gathered = chunk ? Math.min(k, chunk) : padChannels(k)
    const byPanels = chunk > 0 && groups === 1 && outC > pixels
    const reach = (kh - 1) * dilation[0] + 1
    const rowBytes = 32 * ((outW - 1) * stride[1] + (kw - 1) * dilation[1] + 1)
    const block = depthwise
      ? chooseBand(outH, stride[0], reach, rowBytes)
      : this.#tuning.block(pixels, gathered, chunk === 0)
    const scratch: Readonly<Record<number, number>> = {
      [abi.DEPTHWISE3]: levels ? 32 * Math.max(abi.BAND_PIXELS, outW) : 0,
      [abi.STEM]: 4 * inC * 3 * (5 * stride[1] + 3),
      [abi.DEPTHWISE_ROWS]: rowBytes * ((block - 1) * stride[0] + reach),
      [abi.CONV]: 4 * block * (gathered + (groups > 1 ? padChannels(outGroup) : 0)),
    }
    this.#program.step({
      node: node.name,
      kernel: choice.name + act.suffix + (levels ? ', to int8' : ''),
      op: choice.op,
      units: depthwise ? rows : choice.op === abi.STEM ? n * outH : byPanels ? padChannels(outC) / 8 : pixels,
      src: x.buffer,
      dst: y.buffer,
      weights: depthwise
        ? packDepthwise(weight, bias, outC, k)
        : packPanels(weight, bias, groups, outGroup, k, chunk ? kh * kw : 1),
      scratch: scratch[choice.op] ?? 0,
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.SRC_PLANE]: plane(x),
        [abi.DST_PLANE]: levels ? 16 * pixels : plane(y),
        [abi.BATCH]: n,
        [abi.IN_H]: inH,
        [abi.IN_W]: inW,
        [abi.OUT_H]: outH,
        [abi.OUT_W]: outW,
        [abi.KERNEL_H]: kh,
        [abi.KERNEL_W]: kw,
        [abi.STRIDE_H]: stride[0],
        [abi.STRIDE_W]: stride[1],
        [abi.PAD_H]: padding[0],
        [abi.PAD_W]: padding[1],
        [abi.DILATION_H]: dilation[0],
        [abi.DILATION_W]: dilation[1],
        [abi.IN_C]: inGroup,
        [abi.GROUPS]: groups,
        [abi.OUT_C]: outGroup,
        [abi.PLANAR]: choice.planar ? 1 : 0,
        [abi.K]: k,
        [abi.PANELS]: padChannels(outGroup) / 8,
        [abi.BLOCK]: block,
        [abi.K_BLOCK]: this.#tuning.kBlock,
        [abi.SPLIT]: byPanels ? abi.BY_PANELS : abi.BY_PIXELS,
        [abi.PIXELS]: pixels,
        ...(choice.op === abi.DEPTHWISE3 && { [abi.INVERSE]: levels?.inverse ?? 0 }),
        [choice.op === abi.CONV ? abi.CHUNK : abi.ZEROS]: choice.op === abi.DEPTHWISE3 ? this.#zeros : chunk,
      },
    })
    this.#values.release(x)
  }

  #linear(node: Linear): void {
    const x = this.#values.rows(node.inputs[0])
    const [outputs, k] = this.#model.weights[node.weight]!.shape as [number, number]
    const choice = this.#tuning.conv({
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      inChannels: k,
      outChannels: outputs,
      outWidth: 1,
      pixels: x.n * x.hw,
      planar: false,
    })
    const act = this.#activation(node)
    const y = this.#values.result(act.result, { ...x, c: outputs })
    this.#product(node, choice.op, choice.name, act, x, y)
  }

  /** Pixels times weights: a pointwise convolution or a linear layer. */
  #product(node: Conv2d | Linear, op: number, kernel: string, act: Activation, x: Value, y: Value): void {
    this.#values.release(x)
    if (op === abi.GEMV && this.#int8?.vector(node, act, x, y)) return
    const k = x.c
    const pixels = x.n * x.hw
    const panels = padChannels(y.c) / 8
    const byPanels = op === abi.GEMV || y.c > pixels
    this.#program.step({
      node: node.name,
      kernel: kernel + act.suffix,
      op,
      units: byPanels ? panels : pixels,
      src: x.buffer,
      dst: y.buffer,
      weights: packPanels(this.#weight(node.weight), this.#bias(node), 1, y.c, k),
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.K]: k,
        [abi.PANELS]: panels,
        [abi.SRC_PLANE]: plane(x),
        [abi.DST_PLANE]: plane(y),
        [abi.SPLIT]: byPanels ? abi.BY_PANELS : abi.BY_PIXELS,
        [abi.PIXELS]: pixels,
        [abi.BLOCK]: this.#tuning.block(pixels, k, false),
        [abi.K_BLOCK]: this.#tuning.kBlock,
      },
    })
  }

  #batchNorm(node: BatchNorm): void {
    const x = this.#values.blocked(node.inputs[0])
    const act = this.#activation(node, { relu: abi.RELU })
    const y = this.#values.result(act.result, x, x.buffer)
    const { scale, shift } = packBatchNorm(
      {
        weight: this.#weight(node.weight),
        bias: this.#weight(node.bias),
        runningMean: this.#weight(node.runningMean),
        runningVar: this.#weight(node.runningVar),
      },
      node.epsilon,
    )
    this.#program.step({
      node: node.name,
      kernel: `scale and shift${act.suffix}`,
      op: abi.SCALE,
      units: planes(x),
      src: x.buffer,
      dst: y.buffer,
      weights: scale,
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.PIXELS]: x.hw,
        [abi.BATCH]: x.n,
        [abi.SHIFT]: shift,
      },
    })
    this.#values.release(x)
  }

  #unary(node: Unary): void {
    const x = this.#values.either(node.inputs[0])
    const y = this.#values.result(node.name, x, x.buffer)
    this.#program.step({
      node: node.name,
      kernel: node.op,
      op: abi.UNARY,
      units: bytes(x) / 16,
      src: x.buffer,
      dst: y.buffer,
      words: { [abi.ACTIVATION]: activations[node.op] },
    })
    this.#values.release(x)
  }

  #binary(node: Add | Mul): void {
    const isGate = isGated(node, this.#shapes)
    if (!isGate && !isSame(node, this.#shapes)) {
      this.#further!.add(node)
      return
    }
    const [a, b] = node.inputs
    const [x, y] = isGate ? [this.#values.blocked(a), this.#values.blocked(b)] : this.#values.alike(a, b)
    const act = this.#activation(node, { relu: abi.RELU })
    const z = this.#values.result(act.result, x, x.buffer)
    const step = { node: node.name, src: x.buffer, weights: y.buffer, dst: z.buffer }
    const words = { [abi.ACTIVATION]: act.code }
    if (!isGate) {
      const op = node.op === 'add' ? abi.ADD : abi.MUL
      this.#program.step({ ...step, kernel: node.op + act.suffix, op, units: bytes(x) / 16, words })
    } else {
      this.#program.step({
        ...step,
        kernel: `gate${act.suffix}`,
        op: abi.SCALE,
        units: planes(x),
        words: { ...words, [abi.PIXELS]: x.hw, [abi.BATCH]: x.n, [abi.PER_IMAGE]: 1 },
      })
    }
    this.#values.release(x)
    this.#values.release(y)
  }

  #globalAvgPool(name: string, input: string): void {
    const x = this.#values.blocked(input)
    const y = this.#values.result(name, { n: x.n, c: x.c, hw: 1 })
    this.#program.step({
      node: name,
      kernel: 'mean',
      op: abi.POOL,
      units: planes(x),
      src: x.buffer,
      dst: y.buffer,
      words: { [abi.PIXELS]: x.hw },
    })
    this.#values.release(x)
  }

  #flatten(name: string, input: string): void {
    const x = this.#values.blocked(input)
    if (x.hw === 1) {
      this.#values.set(name, x)
    } else {
      const buffer = this.#program.buffer(x.n * x.c * x.hw * 4)
      this.#values.toNchw(name, x, buffer)
      this.#values.set(name, { n: x.n, c: x.c * x.hw, hw: 1, planar: true, buffer })
      this.#values.blocked(name)
    }
    this.#values.release(x)
  }

  /** Where a function of one value, one of `codes`, alone reads what `node` makes, the kernel of `node` applies it. */
  #activation(node: Node, codes: Readonly<Record<string, number>> = activations): Activation {
    const next = this.#uses.soleReader(node.name)
    const code = next && codes[next.op]
    if (code === undefined) return { result: node.name, code: abi.NONE, suffix: '' }
    this.#fused.add(next!.name)
    return { result: next!.name, code, suffix: `+${next!.op}` }
  }

  #weight(name: string): Float32Array {
    return floatWeight(this.#model, name).data
  }

  #bias(node: Conv2d | Linear): Float32Array | undefined {
    return node.bias === undefined ? undefined : this.#weight(node.bias)
  }
}
