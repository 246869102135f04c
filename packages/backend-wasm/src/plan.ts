/**
 * From a model to a straight list of steps: kernels chosen, activations fused into their producers, layouts fixed, memory placed.
 * Nothing here touches WebAssembly; the plan is written into its memory later.
 */
import {
  type Add,
  type Affine,
  type BatchNorm,
  type ChannelShuffle,
  type Concat,
  type Conv2d,
  elementCount,
  findUses,
  floatWeight,
  type GraphUses,
  inferShapes,
  interpolation,
  type Linear,
  type Maximum,
  type MaxPool,
  type Model,
  type Mul,
  type Node,
  type Shapes,
  type Slice,
  type Unary,
  type Upsample,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { type Blend, findBlends } from './blend.ts'
import { chooseBand, padChannels, type Tuning } from './choose.ts'
import { packBatchNorm, packDepthwise, packNumbers, packOrder, packPanels, packTaps } from './pack.ts'
import { type Constant, constant, type Place, type Placement, Program, type StepOptions } from './program.ts'
import { bytes, plane, planes, type Size, type Value, ValueTable } from './values.ts'

/** What a kernel applies to its results, and the value that then holds them. */
interface Activation {
  readonly result: string
  readonly code: number
  readonly suffix: string
}

export interface Plan extends Placement {
  /** Byte offsets of the inputs, NCHW. */
  readonly inputs: Readonly<Record<string, number>>
  /** Byte offsets of the outputs, NCHW. */
  readonly outputs: Readonly<Record<string, { readonly offset: number; readonly shape: readonly number[] }>>
}

/** Plan `model`, which has been validated, for `threads` threads. */
export function planModel(model: Model, threads: number, tuning: Tuning): Plan {
  const planner = new Planner(model, tuning)
  for (const node of model.nodes) planner.add(node)
  return planner.finish(threads)
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
  readonly #blends: ReadonlyMap<string, Blend>
  readonly #zeros: Constant = constant(abi.ZERO_FLOATS, () => {})

  constructor(model: Model, tuning: Tuning) {
    this.#model = model
    this.#tuning = tuning
    this.#shapes = inferShapes(model)
    this.#uses = findUses(model)
    this.#values = new ValueTable(model.inputs, this.#uses, this.#program)
    this.#blends = findBlends(model, this.#uses, this.#shapes)
    for (const { inner } of this.#blends.values()) for (const { name } of inner) this.#fused.add(name)
    for (const node of model.nodes) {
      if (node.op === 'concat' && node.axis === 1 && !this.#fused.has(node.name)) this.#findHomes(node)
    }
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
      case 'affine':
        this.#affine(node)
        return
      case 'maximum':
        this.#maximum(node)
        return
      case 'globalAvgPool':
        this.#globalAvgPool(node.name, node.inputs[0])
        return
      case 'flatten':
        this.#flatten(node.name, node.inputs[0])
        return
      case 'softmax':
        this.#softmax(node.name, node.inputs[0])
        return
      case 'maxPool':
        this.#maxPool(node)
        return
      case 'upsample':
        this.#upsample(node)
        return
      case 'concat':
        this.#concat(node)
        return
      case 'slice':
        this.#slice(node)
        return
      case 'channelShuffle':
        this.#channelShuffle(node)
        return
      case 'layerNorm':
      case 'matmul':
      case 'reshape':
      case 'transpose':
      case 'parameter':
        return
      default:
        node satisfies never
    }
  }

  /** Show the outputs and place everything. */
  finish(threads: number): Plan {
    const outputs = Object.entries(this.#model.outputs).map(([name, valueName]) => {
      const x = this.#values.get(valueName)
      const shape = this.#shapes[valueName]!
      const direct = x.planar || x.n * x.hw === 1
      const buffer = direct ? x.buffer : this.#program.buffer(elementCount(shape) * 4)
      if (!direct) this.#values.toNchw(valueName, x, buffer)
      return { name, buffer, shape }
    })
    for (const { buffer } of outputs) this.#program.keep(buffer)
    const placement = this.#program.place(threads)
    return {
      ...placement,
      inputs: Object.fromEntries(
        Object.entries(this.#values.inputs).map(([name, { offset }]) => [name, offset]),
      ),
      outputs: Object.fromEntries(
        outputs.map(({ name, buffer, shape }) => [name, { offset: buffer.offset, shape }]),
      ),
    }
  }

  #conv(node: Conv2d): void {
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
    const y = this.#values.result(act.result, { n, c: outC, hw: outH * outW })
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
      [abi.STEM]: 4 * inC * 3 * (5 * stride[1] + 3),
      [abi.DEPTHWISE_ROWS]: rowBytes * ((block - 1) * stride[0] + reach),
      [abi.CONV]: 4 * block * (gathered + (groups > 1 ? padChannels(outGroup) : 0)),
    }
    this.#program.step({
      node: node.name,
      kernel: choice.name + act.suffix,
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
        [abi.DST_PLANE]: plane(y),
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
        [choice.op === abi.CONV ? abi.CHUNK : abi.ZEROS]: choice.op === abi.DEPTHWISE3 ? this.#zeros : chunk,
      },
    })
    this.#values.release(x)
  }

  #linear(node: Linear): void {
    const x = this.#values.blocked(node.inputs[0])
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
      pixels: x.n,
      planar: false,
    })
    const act = this.#activation(node)
    const y = this.#values.result(act.result, { n: x.n, c: outputs, hw: 1 })
    this.#product(node, choice.op, choice.name, act, x, y)
  }

  /** Pixels times weights: a pointwise convolution or a linear layer. */
  #product(node: Conv2d | Linear, op: number, kernel: string, act: Activation, x: Value, y: Value): void {
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
    this.#values.release(x)
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
    const x = this.#values.blocked(node.inputs[0])
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

  #affine(node: Affine): void {
    const x = this.#values.blocked(node.inputs[0])
    const act = this.#activation(node, { relu: abi.RELU })
    const y = this.#values.result(act.result, x, x.buffer)
    this.#program.step({
      node: node.name,
      kernel: `affine${act.suffix}`,
      op: abi.AFFINE,
      units: bytes(x) / 16,
      src: x.buffer,
      dst: y.buffer,
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.SCALE_BY]: bitsOf(node.scale),
        [abi.OFFSET]: bitsOf(node.offset),
      },
    })
    this.#values.release(x)
  }

  #binary(node: Add | Mul | Maximum): void {
    const x = this.#values.blocked(node.inputs[0])
    const y = this.#values.blocked(node.inputs[1])
    const act = this.#activation(node, { relu: abi.RELU })
    const z = this.#values.result(act.result, x, x.buffer)
    const operands = { node: node.name, src: x.buffer, weights: y.buffer, dst: z.buffer }
    if (x.hw === y.hw && x.c === y.c) {
      this.#program.step({
        ...operands,
        kernel: node.op + act.suffix,
        op: { add: abi.ADD, mul: abi.MUL, maximum: abi.MAXIMUM }[node.op],
        units: bytes(x) / 16,
        words: { [abi.ACTIVATION]: act.code },
      })
    } else if (node.op === 'mul' && x.c === y.c) {
      this.#program.step({
        ...operands,
        kernel: `gate${act.suffix}`,
        op: abi.SCALE,
        units: planes(x),
        words: {
          [abi.ACTIVATION]: act.code,
          [abi.PIXELS]: x.hw,
          [abi.BATCH]: x.n,
          [abi.PER_IMAGE]: 1,
        },
      })
    } else {
      const term = node.op === 'mul' ? { scale: y } : { shift: y }
      this.#blend(node.name, `${node.op} by ${x.c === y.c ? 'channel' : 'item'}`, act, x, z, [term])
    }
    this.#values.release(x)
    this.#values.release(y)
  }

  #maximum(node: Maximum): void {
    const blend = this.#blends.get(node.name)
    if (!blend) {
      this.#binary(node)
      return
    }
    const x = this.#values.blocked(blend.x)
    const terms = blend.terms.map(({ scale, shift }) => ({
      scale: this.#values.blocked(scale),
      shift: this.#values.blocked(shift),
    }))
    const act = this.#activation(node, { relu: abi.RELU })
    // Every read of the nodes within but one; a result over it must not move channels that are still to be read.
    const reads = blend.inner.flatMap(({ inputs }) => inputs).filter((name) => name === blend.x)
    for (const _ of reads.slice(1)) this.#values.release(x)
    const z = this.#values.result(act.result, x, blend.order ? undefined : x.buffer)
    this.#blend(node.name, blend.order ? 'shift-max' : 'max of sums', act, x, z, terms, blend.order)
    this.#values.release(x)
    for (const { scale, shift } of terms) {
      this.#values.release(scale)
      this.#values.release(shift)
    }
  }

  /** The larger of some sums x * scale + shift, at the node `name`. */
  #blend(
    name: string,
    kernel: string,
    act: Activation,
    x: Value,
    z: Value,
    terms: readonly { readonly scale?: Value; readonly shift?: Value }[],
    order?: readonly number[],
  ): void {
    const factors = terms.flatMap(({ scale, shift }) => [scale, shift])
    const words: Record<number, number | Place> = {
      [abi.ACTIVATION]: act.code,
      [abi.PIXELS]: x.hw,
      [abi.BATCH]: x.n,
      [abi.TERMS]: terms.length,
      [abi.PER_ITEM]: factors.reduce((bits, of, bit) => (of && of.c < x.c ? bits | (1 << bit) : bits), 0),
    }
    for (const [index, of] of factors.entries()) if (of) words[abi.SCALE_1 + index] = of.buffer
    if (order) words[abi.TABLE] = packOrder(order)
    this.#program.step({
      node: name,
      kernel: kernel + act.suffix,
      op: abi.BLEND,
      units: planes(x),
      src: x.buffer,
      dst: z.buffer,
      words,
    })
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

  #maxPool({ name, inputs: [input], kernel, stride, padding }: MaxPool): void {
    this.#resize(name, input, 'max', abi.MAX_POOL, {
      [abi.KERNEL_H]: kernel[0],
      [abi.KERNEL_W]: kernel[1],
      [abi.STRIDE_H]: stride[0],
      [abi.STRIDE_W]: stride[1],
      [abi.PAD_H]: padding[0],
      [abi.PAD_W]: padding[1],
    })
  }

  #upsample(node: Upsample): void {
    const { name, inputs, mode } = node
    const [from, to] = [this.#shapes[inputs[0]]!, this.#shapes[name]!]
    this.#resize(name, inputs[0], mode, abi.UPSAMPLE, {
      [abi.NEAREST]: mode === 'nearest' ? 1 : 0,
      [abi.ROWS]: packTaps(interpolation(node, from[2]!, to[2]!)),
      [abi.COLUMNS]: packTaps(interpolation(node, from[3]!, to[3]!)),
    })
  }

  /** From a map of one size to one of another, channel by channel. */
  #resize(name: string, input: string, kernel: string, op: number, words: StepOptions['words']): void {
    const x = this.#values.blocked(input)
    const [, , inH, inW] = this.#shapes[input] as [number, number, number, number]
    const [, , outH, outW] = this.#shapes[name] as [number, number, number, number]
    const y = this.#values.result(name, { ...x, hw: outH * outW })
    this.#program.step({
      node: name,
      kernel,
      op,
      units: planes(y) * outH,
      src: x.buffer,
      dst: y.buffer,
      words: { ...words, [abi.IN_H]: inH, [abi.IN_W]: inW, [abi.OUT_H]: outH, [abi.OUT_W]: outW },
    })
    this.#values.release(x)
  }

  /** What begins at whole groups of 8 channels of `joined` is written there by what makes it. */
  #findHomes({ name, inputs }: Concat): void {
    let channel = 0
    for (const input of inputs) {
      if (channel % 8 === 0) this.#values.home(input, name, this.#size(name), channel)
      channel += this.#shapes[input]![1]!
    }
  }

  #concat({ name, inputs, axis }: Concat): void {
    const y = this.#values.result(name, this.#size(name))
    let start = 0
    for (const input of inputs) {
      const size = this.#shapes[input]![axis]!
      if (axis === 1 && this.#values.isHome(input, y, start)) this.#values.release(this.#values.get(input))
      else this.#move(name, input, y, axis, 0, start, size)
      start += size
    }
  }

  #slice({ name, inputs, axis, start, end }: Slice): void {
    if (axis === 1 && start % 8 === 0) {
      const x = this.#values.blocked(inputs[0])
      this.#values.part(name, x, start, end - start)
      this.#values.release(x)
      return
    }
    const y = this.#values.result(name, this.#size(name))
    this.#move(name, inputs[0], y, axis, start, 0, end - start)
  }

  #channelShuffle({ name, inputs: [input], groups }: ChannelShuffle): void {
    const x = this.#values.blocked(input)
    const y = this.#values.result(name, x)
    this.#program.step({
      node: name,
      kernel: 'shuffle',
      op: abi.SHUFFLE,
      units: padChannels(x.c) / 8,
      src: x.buffer,
      dst: y.buffer,
      words: { [abi.K]: x.c, [abi.GROUPS]: groups, [abi.PIXELS]: x.n * x.hw },
    })
    this.#values.release(x)
  }

  /** Write `size` elements along `axis` of `input`, those from `from` on, to `y` from `to` on. */
  #move(node: string, input: string, y: Value, axis: number, from: number, to: number, size: number): void {
    const x = this.#values.blocked(input)
    const [shape, result] = [this.#shapes[input]!, this.#shapes[node]!]
    const pixels = elementCount(shape.slice(axis + 1))
    const ends = { node, src: x.buffer, dst: y.buffer }
    if (axis === 1) {
      const words = {
        [abi.SRC_START]: from,
        [abi.DST_START]: to,
        [abi.K]: size,
        [abi.SRC_PLANE]: plane(x),
        [abi.DST_PLANE]: plane(y),
      }
      this.#program.step({ ...ends, kernel: 'channels', op: abi.CHANNELS, units: x.n * x.hw, words })
    } else {
      const words = {
        [abi.SRC_START]: from * pixels,
        [abi.DST_START]: to * pixels,
        [abi.PIXELS]: size * pixels,
        [abi.SRC_STEP]: shape[axis]! * pixels,
        [abi.DST_STEP]: result[axis]! * pixels,
      }
      const units = planes(x) * elementCount(shape.slice(2, axis))
      this.#program.step({ ...ends, kernel: 'pixels', op: abi.RUNS, units, words })
    }
    this.#values.release(x)
  }

  #size(name: string): Size {
    const [n = 1, c = 1, ...rest] = this.#shapes[name]!
    return { n, c, hw: elementCount(rest) }
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

  #softmax(name: string, input: string): void {
    const x = this.#values.blocked(input)
    const y = this.#values.result(name, x, x.buffer)
    this.#program.step({
      node: name,
      kernel: 'softmax',
      op: abi.SOFTMAX,
      units: x.n,
      src: x.buffer,
      dst: y.buffer,
      words: { [abi.K]: x.c, [abi.SRC_PLANE]: plane(x) },
    })
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

/** The float32 of `value` as a word of a record. */
function bitsOf(value: number): number {
  return new Int32Array(Float32Array.of(value).buffer)[0]!
}
