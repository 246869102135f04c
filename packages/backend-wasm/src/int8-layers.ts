/**
 * The steps of layers whose weights are stored as int8: pointwise convolutions in integers between levels (core's integer-weight.ts) and float32
 * results, and vectors times weights that are int8 alone. Loaded where a model has such weights.
 */
import {
  type Conv2d,
  floatWeight,
  integerWeight,
  type Linear,
  largestLevel,
  type Node,
  type QuantizedTensor,
} from '@mobileone/core'
import * as abi from './abi.ts'
import type { ArenaBuffer } from './arena.ts'
import { type Int8Kernel, padChannels } from './choose.ts'
import { blocksOf, fitsLanes, packInt8Panels, packInt8Vector, packInverse } from './int8-pack.ts'
import type { Activation, Planning } from './planning.ts'
import type { Constant } from './program.ts'
import { plane, type Size, type Value, type ValueTable } from './values.ts'

/** A value in steps, of the pixels that `stride` leaves. */
interface Levels {
  readonly weight: QuantizedTensor
  readonly stride: readonly [number, number]
  readonly buffer: ArenaBuffer
}

const dots: Readonly<Record<Int8Kernel, number>> = {
  rdot16: abi.RDOT16,
  rdot16x4: abi.RDOT16X4,
  relaxed_dot_add: abi.RELAXED_DOT_ADD,
  dot_i16: abi.DOT_I16,
}

/** Bytes of levels that a block of pixels may take: part of a level-2 cache; and its pixels, whose sums stay in the level-1 cache. */
const BLOCK_BYTES = 128 * 1024
const BLOCK_PIXELS = 500
/** A multiple of the pixels of the tallest tiles. */
const BLOCK_STEP = 35

/** What plans layers with int8 weights, which are float32 to everything else. */
export type PlanInt8 = (planning: Planning & { readonly values: ValueTable }) => Int8Layers

/** Plan layers in integers with `kernel`, or, where it is undefined, in float32; `text` says why, in the words of a probe. */
export function planInt8(kernel: Int8Kernel | undefined, text?: string): PlanInt8 {
  return (planning) => new Int8Layers(planning, kernel, text === undefined ? [] : [text])
}

/** The word of a record that tells `kernel`. */
export function dotOf(kernel: Int8Kernel): number {
  return dots[kernel]
}

export class Int8Layers {
  readonly #plan: Planning & { readonly values: ValueTable }
  readonly #kernel: Int8Kernel | undefined
  /** Values in steps that were made of float32. */
  readonly #levels = new Map<string, Levels[]>()
  /** Those that are stored so, which are no values of the table. */
  readonly #stored = new Map<string, ArenaBuffer>()
  readonly features: readonly string[]
  /** Whether a layer is computed in integers. */
  computes = false

  /**
   * @param kernel What adds products in layers that are computed in integers; undefined for none.
   * @param features What there is to say of that.
   */
  constructor(
    plan: Planning & { readonly values: ValueTable },
    kernel: Int8Kernel | undefined,
    features: readonly string[],
  ) {
    this.#plan = plan
    this.#kernel = kernel
    this.features = features
  }

  /** Plan `node` in integers; false where it is to be computed in float32. */
  conv(node: Conv2d): boolean {
    const weight = this.#integerWeight(node)
    if (!weight) return false
    const { model, shapes, program, values, activation } = this.#plan
    const [n, outC, outH, outW] = shapes[node.name] as [number, number, number, number]
    const size = { n, c: weight.shape[1]!, hw: outH * outW }
    const src = this.#levelsOf(node, weight)
    const act = activation(node)
    const y = values.result(act.result, { ...size, c: outC })
    const kernel = this.#kernel === 'rdot16x4' && !fitsLanes(weight) ? 'rdot16' : this.#kernel!
    const blocks = blocksOf(size.c, this.#bytes)
    const pixels = n * size.hw
    const panels = padChannels(outC) / 8
    const byPanels = outC > pixels
    const bias = node.bias === undefined ? undefined : floatWeight(model, node.bias).data
    program.step({
      node: node.name,
      kernel: `int8 ${kernel}${act.suffix}`,
      op: abi.GEMM_INT8,
      units: byPanels ? panels : pixels,
      src,
      dst: y.buffer,
      weights: packInt8Panels(weight, bias, this.#bytes),
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.K]: blocks,
        [abi.PANELS]: panels,
        [abi.SRC_PLANE]: 16 * pixels,
        [abi.DST_PLANE]: plane(y),
        [abi.SPLIT]: byPanels ? abi.BY_PANELS : abi.BY_PIXELS,
        [abi.PIXELS]: pixels,
        [abi.BLOCK]: chooseBlock(pixels, blocks),
        [abi.DOT]: dots[kernel],
        [abi.DIAGONAL]: weight.diagonal ? 1 : 0,
      },
    })
    this.computes = true
    return true
  }

  /** Plan the product of one vector with weights that are int8 alone; false where they are to be made float32. */
  vector(node: Conv2d | Linear, act: Activation, x: Value, y: Value): boolean {
    const { model, program } = this.#plan
    const weight = model.weights[node.weight]!
    if (weight.dtype !== 'int8' || weight.zeroPoints || weight.diagonal || weight.inputSteps) return false
    const bias = node.bias === undefined ? undefined : floatWeight(model, node.bias).data
    program.step({
      node: node.name,
      kernel: `vector, int8 weights${act.suffix}`,
      op: abi.GEMV_INT8,
      units: padChannels(y.c) / 8,
      src: x.buffer,
      dst: y.buffer,
      weights: packInt8Vector(weight, bias),
      words: { [abi.ACTIVATION]: act.code, [abi.K]: x.c },
    })
    return true
  }

  /**
   * Where what makes `name` is to store it in steps, and by what it is to multiply it: where layers in integers alone read it, with the same
   * steps and without stride. Undefined where it is to be stored as float32.
   */
  stored(name: string, size: Size): (Value & { readonly inverse: Constant }) | undefined {
    const { uses } = this.#plan
    const readers = uses.readers(name)
    const weights = readers.map((node) => this.#integerWeight(node))
    const [first] = weights
    const together =
      !uses.isOutput(name) &&
      readers.every((node) => node.op === 'conv2d' && node.stride[0] === 1 && node.stride[1] === 1) &&
      weights.every((weight) => weight && first && sameSteps(weight, first))
    if (!first || !together) return undefined
    const buffer = this.#buffer(size)
    this.#stored.set(name, buffer)
    return { ...size, planar: false, buffer, inverse: packInverse(first) }
  }

  /** Bytes of a level and of a weight. */
  get #bytes(): 1 | 2 {
    return this.#kernel === 'dot_i16' ? 2 : 1
  }

  /** The weight of a node that is computed in integers, whose sums fit into i32. */
  #integerWeight(node: Node): QuantizedTensor | undefined {
    const weight = this.#kernel && integerWeight(this.#plan.model, node)
    return weight && weight.shape[1]! * largestLevel * 128 < 2 ** 31 ? weight : undefined
  }

  /** What `node` reads, in steps: stored so by what made it, or made so once for those that read it alike. */
  #levelsOf({ name: node, inputs: [name], stride }: Conv2d, weight: QuantizedTensor): ArenaBuffer {
    const { shapes, program, values } = this.#plan
    const stored = this.#stored.get(name)
    if (stored) return stored
    const x = values.blocked(name)
    values.release(x)
    const known = this.#levels.get(name) ?? []
    const found = known.find(
      (levels) =>
        sameSteps(levels.weight, weight) && levels.stride.every((step, axis) => step === stride[axis]),
    )
    if (found) return found.buffer
    const [, , inH, inW] = shapes[name] as [number, number, number, number]
    const [n, , outH, outW] = shapes[node] as [number, number, number, number]
    const buffer = this.#buffer({ n, c: x.c, hw: outH * outW })
    program.step({
      node,
      kernel: 'to int8',
      op: abi.LEVELS,
      units: (padChannels(x.c) / 8) * n * outH,
      src: x.buffer,
      dst: buffer,
      weights: packInverse(weight),
      words: {
        [abi.SRC_PLANE]: plane(x),
        [abi.DST_PLANE]: 16 * n * outH * outW,
        [abi.BATCH]: n,
        [abi.IN_H]: inH,
        [abi.IN_W]: inW,
        [abi.OUT_H]: outH,
        [abi.OUT_W]: outW,
        [abi.STRIDE_H]: stride[0],
        [abi.STRIDE_W]: stride[1],
      },
    })
    this.#levels.set(name, [...known, { weight, stride, buffer }])
    return buffer
  }

  #buffer({ n, c, hw }: Size): ArenaBuffer {
    return this.#plan.program.buffer(16 * n * hw * blocksOf(c, this.#bytes))
  }
}

function sameSteps(a: QuantizedTensor, b: QuantizedTensor): boolean {
  return a.inputSteps!.every((step, channel) => step === b.inputSteps![channel])
}

/** Pixels per block: blocks of nearly one size. */
function chooseBlock(pixels: number, blocks: number): number {
  const fit = Math.max(BLOCK_STEP, Math.min(BLOCK_PIXELS, Math.floor(BLOCK_BYTES / (16 * blocks))))
  return Math.ceil(pixels / Math.ceil(pixels / fit) / BLOCK_STEP) * BLOCK_STEP
}
