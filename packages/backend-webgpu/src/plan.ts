/**
 * From a model to a straight list of dispatches: kernels chosen, activations fused into their producers, buffers planned.
 * Nothing here touches a device.
 */
import {
  type BatchNorm,
  type Conv2d,
  elementCount,
  isUnary,
  type Linear,
  type MaxPool,
  type Model,
  type Node,
  type NodeOf,
  type Op,
  type Unary,
  type Upsample,
} from '@mobileone/core'
import { chooseConv, choosePixels, chooseProduct, chooseTile } from './choose.ts'
import { channelShuffle } from './kernels/channel-shuffle.ts'
import { conv } from './kernels/conv.ts'
import { convGrouped } from './kernels/conv-grouped.ts'
import { convPlanar } from './kernels/conv-planar.ts'
import { depthwise } from './kernels/depthwise.ts'
import { elementwise } from './kernels/elementwise.ts'
import { flatten } from './kernels/layout.ts'
import { maxPool, type Resize } from './kernels/max-pool.ts'
import { mean } from './kernels/mean.ts'
import { meanAlone } from './kernels/mean-alone.ts'
import { type Move, move, moveLanes } from './kernels/move.ts'
import { pointwise } from './kernels/pointwise.ts'
import { product } from './kernels/product.ts'
import { scaleShift } from './kernels/scale-shift.ts'
import { softmax } from './kernels/softmax.ts'
import { upsample } from './kernels/upsample.ts'
import type { Convolution } from './kernels/window.ts'
import { layoutOf, type Plan, PlanBuilder, type PlanSetting, type Size, type Value } from './plan-builder.ts'
import { type Kernel, quads } from './wgsl.ts'

/** Plan `model`, which has been validated. */
export function planModel(model: Model, setting: PlanSetting): Plan {
  const plan = new PlanBuilder(model, setting)
  for (const node of model.nodes) {
    if (plan.isFused(node)) continue
    if (isUnary(node)) planUnary(plan, node)
    else (planners[node.op as PlannedOp] as (plan: PlanBuilder, node: Node) => void)(plan, node)
  }
  return plan.finish()
}

/** Functions of one value are planned alike. */
type PlannedOp = Exclude<Op, Unary['op'] | 'layerNorm' | 'matmul' | 'reshape' | 'transpose' | 'parameter'>

const planners: { readonly [K in PlannedOp]: (plan: PlanBuilder, node: NodeOf<K>) => void } = {
  conv2d: planConv,
  linear: planLinear,
  batchNorm: planBatchNorm,
  affine(plan, node) {
    const x = plan.vectors(node.inputs[0], node.name)
    const { result, activation } = plan.activation(node)
    const kernel = elementwise({ op: 'affine', line: node, ...layoutOf(x), activation }, plan.setting)
    plan.dispatch(node.name, kernel, [x], [], plan.result(result, x))
  },
  add: planBinary,
  mul: planBinary,
  maximum: planBinary,
  globalAvgPool(plan, { name, inputs }) {
    const x = plan.vectors(inputs[0], name)
    const kernel = plan.setting.parallelism.cooperative ? mean : meanAlone
    plan.dispatch(name, kernel(layoutOf(x), plan.setting), [x], [], plan.result(name, { ...x, hw: 1 }))
  },
  maxPool: (plan, node) => planResize(plan, node, maxPool),
  upsample: (plan, node) => planResize(plan, node, upsample),
  concat(plan, { name, inputs, axis }) {
    const parts = inputs.map((input) => plan.vectors(input, name))
    const y = plan.result(name, sizeOf(plan.shapes[name]!))
    let to = 0
    for (const [index, part] of parts.entries()) {
      const size = plan.shapes[inputs[index]!]![axis]!
      planMove(plan, { name, input: inputs[index]!, axis, from: 0, to, size }, part, y)
      to += size
    }
  },
  slice(plan, { name, inputs: [input], axis, start, end }) {
    const x = plan.vectors(input, name)
    const y = plan.result(name, sizeOf(plan.shapes[name]!))
    planMove(plan, { name, input, axis, from: start, to: 0, size: end - start }, x, y)
  },
  channelShuffle(plan, { name, inputs: [input], groups }) {
    const x = plan.vectors(input, name)
    const kernel = channelShuffle({ pixels: x.n * x.hw, channels: x.c, groups }, plan.setting)
    plan.dispatch(name, kernel, [x], [], plan.result(name, x))
  },
  flatten(plan, { name, inputs }) {
    const x = plan.value(inputs[0])
    const flat: Size = { n: x.n, c: x.c * x.hw, hw: 1 }
    // A pooled map has its NCHW order already: the value is the same.
    if (x.planar || x.hw === 1) plan.alias(name, x, flat)
    else plan.dispatch(name, flatten(layoutOf(x), plan.setting), [x], [], plan.result(name, flat))
  },
  softmax(plan, { name, inputs }) {
    const x = plan.vectors(inputs[0], name)
    const kernel = softmax({ rows: x.n, channels: x.c }, plan.setting)
    plan.dispatch(name, kernel, [x], [], plan.result(name, x))
  },
}

function planResize<N extends MaxPool | Upsample>(
  plan: PlanBuilder,
  node: N,
  kernel: (shape: Resize<N>, setting: PlanSetting) => Kernel,
): void {
  const [source] = node.inputs
  const x = plan.vectors(source, node.name)
  const { result, activation } = plan.activation(node)
  const [input, output] = [plan.shapes[source]!, plan.shapes[node.name]!]
  const text = kernel({ node, input, output, activation }, plan.setting)
  plan.dispatch(node.name, text, [x], [], plan.result(result, sizeOf(output)))
}

/** `size` elements along `axis` of the value `input`, from `from` on, to those of the value `name` from `to` on. */
interface Part {
  readonly name: string
  readonly input: string
  readonly axis: number
  readonly from: number
  readonly to: number
  readonly size: number
}

function planMove(plan: PlanBuilder, { name, input, axis, from, to, size }: Part, x: Value, y: Value): void {
  const [source, target] = [plan.shapes[input]!, plan.shapes[name]!]
  const sizes = { sourceSize: source[axis]!, targetSize: target[axis]!, from, to, size }
  const { setting } = plan
  let kernel: Kernel
  if (axis > 1) {
    const outer = x.n * elementCount(source.slice(2, axis))
    const inner = elementCount(source.slice(axis + 1)) * quads(x.c)
    kernel = move({ ...sizes, outer, inner }, 4, setting)
  } else {
    const shape = { ...sizes, outer: x.n * x.hw, inner: 1 }
    const isWhole = from % 4 === 0 && to % 4 === 0
    kernel = isWhole ? move(inQuads(shape), size, setting) : moveLanes(shape, setting)
  }
  plan.dispatch(name, kernel, [x], [], y)
}

/** `shape`, which begins at whole quads, in quads. */
function inQuads({ outer, inner, ...channels }: Move): Move {
  const { sourceSize, targetSize, from, to, size } = channels
  return {
    outer,
    inner,
    sourceSize: quads(sourceSize),
    targetSize: quads(targetSize),
    from: from / 4,
    to: to / 4,
    size: quads(size),
  }
}

function sizeOf([n = 1, c = 1, ...rest]: readonly number[]): Size {
  return { n, c, hw: elementCount(rest) }
}

function planUnary(plan: PlanBuilder, { name, op, inputs }: Unary): void {
  const x = plan.vectors(inputs[0], name)
  const kernel = elementwise({ op: 'unary', ...layoutOf(x), activation: op }, plan.setting)
  plan.dispatch(name, kernel, [x], [], plan.result(name, x))
}

function planBinary(plan: PlanBuilder, node: NodeOf<'add' | 'mul' | 'maximum'>): void {
  const x = plan.vectors(node.inputs[0], node.name)
  const y = plan.vectors(node.inputs[1], node.name)
  const { result, activation } = plan.activation(node)
  const per = x.c !== y.c ? 'item' : x.hw !== y.hw ? 'channel' : undefined
  const kernel = elementwise({ op: node.op, ...(per && { per }), ...layoutOf(x), activation }, plan.setting)
  plan.dispatch(node.name, kernel, [x, y], [], plan.result(result, x))
}

function planConv(plan: PlanBuilder, node: Conv2d): void {
  const { setting, shapes } = plan
  const { stride, padding, dilation, groups } = node
  const [source] = node.inputs
  const [n, inChannels, inHeight, inWidth] = shapes[source] as [number, number, number, number]
  const [, outChannels, outHeight, outWidth] = shapes[node.name] as [number, number, number, number]
  const weight = plan.weight(node.weight)
  const kernel = weight.shape.slice(2) as [number, number]
  const pixels = n * outHeight * outWidth
  const { planar } = plan.value(source)
  const choice = chooseConv(
    { kernel, stride, padding, groups, inChannels, outChannels, pixels, planar },
    setting.parallelism,
  )
  const x = choice === 'planar' ? plan.value(source) : plan.vectors(source, node.name)
  const { result, activation } = plan.activation(node)
  const shape: Convolution = {
    batch: n,
    inChannels,
    outChannels,
    input: [inHeight, inWidth],
    output: [outHeight, outWidth],
    kernel,
    stride,
    padding,
    dilation,
    groups,
    activation,
  }
  const outQuads = quads(outChannels)
  const neighbours = choosePixels(n * outHeight, outWidth, outQuads, setting.parallelism)
  const tile = chooseTile(pixels, outQuads, setting.parallelism)
  const taps = kernel[0] * kernel[1]
  const depth = inChannels / groups
  const padded = quads(depth) * 4
  const emit = (text: Kernel, rows: number, inputStride: number, tapStride: number): void => {
    const packing = { outputs: outChannels, depth, taps, rows, inputStride, tapStride }
    const constants = [plan.weights(weight.data, packing), plan.bias(node.bias, outChannels)]
    plan.dispatch(node.name, text, [x], constants, y)
  }
  const y = plan.result(result, { n, c: outChannels, hw: outHeight * outWidth })
  switch (choice) {
    case 'planar': {
      const rowTile = { pixels: Math.min(tile.pixels, neighbours), quads: tile.quads }
      emit(convPlanar(shape, rowTile, setting), depth * taps, taps, 1)
      return
    }
    case 'depthwise':
      emit(depthwise(shape, neighbours, setting), taps, 0, 1)
      return
    case 'product': {
      const split = chooseProduct(pixels, quads(inChannels), outQuads, setting.largestWorkgroup)
      emit(product({ rows: pixels, inChannels, outChannels, tile: split, activation }, setting), padded, 1, 0)
      return
    }
    case 'pointwise':
      emit(
        pointwise({ pixels, inChannels, outChannels, tile: tile.pixels, activation }, setting),
        padded,
        1,
        0,
      )
      return
    case 'conv':
      emit(conv(shape, neighbours, setting), taps * padded, 1, padded)
      return
    case 'grouped':
      emit(convGrouped(shape, setting), taps * depth, 1, depth)
      return
    default:
      choice satisfies never
  }
}

function planLinear(plan: PlanBuilder, node: Linear): void {
  const { setting } = plan
  const x = plan.vectors(node.inputs[0], node.name)
  const weight = plan.weight(node.weight)
  const [outputs, depth] = weight.shape as [number, number]
  const choice = chooseConv(
    {
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      groups: 1,
      inChannels: depth,
      outChannels: outputs,
      pixels: x.n,
      planar: false,
    },
    setting.parallelism,
  )
  const { result, activation } = plan.activation(node)
  const shape = { inChannels: depth, outChannels: outputs, activation }
  const { largestWorkgroup, parallelism } = setting
  const kernel =
    choice === 'product'
      ? product(
          { rows: x.n, tile: chooseProduct(x.n, quads(depth), quads(outputs), largestWorkgroup), ...shape },
          setting,
        )
      : pointwise(
          { pixels: x.n, tile: chooseTile(x.n, quads(outputs), parallelism).pixels, ...shape },
          setting,
        )
  const packing = { outputs, depth, taps: 1, rows: quads(depth) * 4, inputStride: 1, tapStride: 0 }
  const constants = [plan.weights(weight.data, packing), plan.bias(node.bias, outputs)]
  plan.dispatch(node.name, kernel, [x], constants, plan.result(result, { n: x.n, c: outputs, hw: 1 }))
}

function planBatchNorm(plan: PlanBuilder, node: BatchNorm): void {
  const x = plan.vectors(node.inputs[0], node.name)
  const { result, activation } = plan.activation(node)
  const weight = plan.weight(node.weight).data
  const bias = plan.weight(node.bias).data
  const mean = plan.weight(node.runningMean).data
  const variance = plan.weight(node.runningVar).data
  const padded = quads(x.c) * 4
  const factors = plan.constant(2 * padded, (to) => {
    for (let c = 0; c < x.c; c++) {
      const scale = weight[c]! / Math.sqrt(variance[c]! + node.epsilon)
      to[c] = scale
      to[padded + c] = bias[c]! - mean[c]! * scale
    }
  })
  const kernel = scaleShift({ pixels: x.n * x.hw, channels: x.c, activation }, plan.setting)
  plan.dispatch(node.name, kernel, [x], [factors], plan.result(result, x))
}
