/** The steps of ops on tokens: layerNorm, softmax, products of two values, and attention where these are its parts. */
import { elementCount, floatWeight, type LayerNorm, type Matmul, type Softmax } from '@mobileone/core'
import * as abi from './abi.ts'
import { padChannels } from './choose.ts'
import { byteStep, copyStep, startOf, type View } from './copy.ts'
import { channelsOf, type Digit, digitsByAxis, type Layout, merged, transposed } from './layout.ts'
import { packLayerNorm } from './pack-further.ts'
import type { Planning } from './planning.ts'
import { floatBits, type Place } from './program.ts'
import { bytes, plane, sizeOf, type Value } from './values.ts'
import type { ViewTable } from './views.ts'

/** Matrices [rows, channels] in groups of 8 channels, whose places differ by multiples of an outer and an inner index. */
interface Items {
  readonly buffer: Place
  readonly plane: number
  readonly offset: number
  readonly outer: number
  readonly inner: number
}

/** A value as matrices: those of its last two axes. */
interface Matrices extends View {
  readonly shape: readonly number[]
}

/** Matrices as panels of 8 columns, 32 bytes a row. */
interface Panels {
  readonly buffer: Place
  readonly itemStep: number
  readonly panelStep: number
}

/** Units of attention for threads to share, where the queries suffice. */
const ENOUGH_UNITS = 16

export class TokenPlanner {
  readonly #plan: Planning & { readonly values: ViewTable }
  /** Products that are computed with the softmax of them, by the name of that. */
  readonly #scores = new Map<string, Matmul>()

  constructor(plan: Planning & { readonly values: ViewTable }) {
    this.#plan = plan
  }

  layerNorm({ name, inputs: [input], weight, bias, epsilon }: LayerNorm): void {
    const floats = (weight?: string): Float32Array | undefined =>
      weight === undefined ? undefined : floatWeight(this.#plan.model, weight).data
    this.#eachRow(name, 'layer norm', abi.LAYER_NORM, input, (channels) => ({
      weights: packLayerNorm(floats(weight), floats(bias), channels),
      words: { [abi.EPSILON]: floatBits(epsilon) },
    }))
  }

  softmax({ name, inputs: [input] }: Softmax): void {
    this.#eachRow(name, 'softmax', abi.SOFTMAX, input, () => ({ words: {} }))
  }

  matmul(node: Matmul): void {
    const scores = this.#scores.get(node.inputs[0])
    if (scores) this.#attention(scores, node)
    else if (!this.#isScores(node)) this.#product(node)
  }

  #eachRow(
    node: string,
    kernel: string,
    op: number,
    input: string,
    rest: (channels: number) => {
      readonly weights?: Place
      readonly words: Readonly<Record<number, number>>
    },
  ): void {
    const { program, values } = this.#plan
    const x = values.rows(input)
    const y = values.result(node, x, x.buffer)
    const { words, ...more } = rest(x.c)
    program.step({
      node,
      kernel,
      op,
      units: x.n * x.hw,
      src: x.buffer,
      dst: y.buffer,
      scratch: abi.ROW_BLOCK_BYTES,
      ...more,
      words: { [abi.K]: x.c, [abi.SRC_PLANE]: plane(x), [abi.DST_PLANE]: plane(y), ...words },
    })
    values.release(x)
  }

  /** Given `softmax(a b) c`, the first product waits for the second: memory holds the scores of some rows, never of all. */
  #isScores(node: Matmul): boolean {
    const { uses, fused } = this.#plan
    const softmax = uses.soleReader(node.name)
    if (softmax?.op !== 'softmax') return false
    const product = uses.soleReader(softmax.name)
    if (product?.op !== 'matmul' || product.inputs[0] !== softmax.name) return false
    if (product.transposeB || (product.scale ?? 1) !== 1) return false
    fused.add(softmax.name)
    this.#scores.set(softmax.name, node)
    return true
  }

  #attention(scores: Matmul, node: Matmul): void {
    const { shapes, program, values, tuning, zeros } = this.#plan
    const [query, key] = scores.inputs
    const value = node.inputs[1]
    const [queries, k] = shapes[query]!.slice(-2) as [number, number]
    const [keys, channels] = shapes[value]!.slice(-2) as [number, number]
    const [q, v] = [this.#matrices(query), this.#matrices(value)]
    const heads = shapes[query]!.length > 3 ? shapes[query]!.at(-3)! : Math.max(headsOf(q), headsOf(v))
    const panels = this.#panels(node.name, scores, key)
    const queryItems = this.#items(node.name, q, heads)
    const valueItems = this.#items(node.name, v, heads)
    const count = elementCount(shapes[query]!.slice(0, -2))
    const result = this.#attended(node.name, heads)
    const enough = Math.ceil(queries / Math.ceil(ENOUGH_UNITS / count))
    const block = Math.min(tuning.block(queries, padChannels(keys), true), tuning.block(enough, 1, true))
    program.step({
      node: node.name,
      kernel: 'attention',
      op: abi.ATTENTION,
      units: count * Math.ceil(queries / block),
      src: queryItems.buffer,
      dst: result.buffer,
      weights: panels.buffer,
      scratch: block * (padChannels(keys) * 4 + 32),
      words: {
        [abi.K]: k,
        [abi.KEYS]: keys,
        [abi.PIXELS]: queries,
        [abi.PANELS]: padChannels(channels) / 8,
        [abi.BLOCK]: block,
        [abi.K_BLOCK]: tuning.kBlock,
        [abi.FACTOR]: floatBits(scores.scale ?? 1),
        [abi.HEADS]: heads,
        ...places(abi.SRC_PLANE, abi.SRC_OFFSET, queryItems),
        ...places(abi.DST_PLANE, abi.DST_OFFSET, result),
        ...places(abi.VALUES_PLANE, abi.VALUES_OFFSET, valueItems),
        [abi.VALUES]: valueItems.buffer,
        [abi.ZEROS]: zeros,
      },
    })
    for (const name of [query, key, value]) values.release(values.view(name))
  }

  #product(node: Matmul): void {
    const { shapes, program, values, tuning, zeros } = this.#plan
    const [first, second] = node.inputs
    const [rows, k] = shapes[first]!.slice(-2) as [number, number]
    const columns = shapes[node.name]!.at(-1)!
    const swapped = node.transposeB ? undefined : swap(this.#matrices(second))
    const b =
      !swapped || itemsOf(swapped, headsOf(swapped))
        ? this.#panels(node.name, node, second)
        : panelsOf(values.rows(second), k)
    const x = values.rows(first)
    const y = values.result(node.name, { ...x, c: columns })
    const panels = padChannels(columns) / 8
    program.step({
      node: node.name,
      kernel: 'matmul',
      op: abi.MATMUL,
      units: ((x.n * x.hw) / rows) * panels,
      src: x.buffer,
      dst: y.buffer,
      weights: b.buffer,
      words: {
        [abi.K]: k,
        [abi.PANELS]: panels,
        [abi.PIXELS]: rows,
        [abi.K_BLOCK]: tuning.kBlock,
        [abi.FACTOR]: floatBits(node.scale ?? 1),
        [abi.SRC_PLANE]: plane(x),
        [abi.DST_PLANE]: plane(y),
        [abi.ITEM_STEP]: b.itemStep,
        [abi.PANEL_STEP]: b.panelStep,
        [abi.ZEROS]: zeros,
      },
    })
    values.release(x)
    values.release(values.view(second))
  }

  #matrices(name: string): Matrices {
    return { ...this.#plan.values.view(name), shape: this.#plan.shapes[name]! }
  }

  /** Where the matrices are, copied if their rows and groups of 8 channels do not lie as the kernels read them. */
  #items(node: string, from: Matrices, heads: number): Items {
    const there = itemsOf(from, heads)
    if (there) return there
    const { program } = this.#plan
    const { shape } = from
    const axis = shape.length - 1
    const to = { buffer: program.buffer(bytes(sizeOf(shape, axis))), layout: channelsOf(shape, axis) }
    program.step(copyStep(node, from, to))
    return itemsOf({ ...to, shape }, heads)!
  }

  /** The second value of a product as panels of 8 of the rows of its transpose. */
  #panels(node: string, { transposeB }: Matmul, name: string): Panels {
    const { program } = this.#plan
    const from = transposeB ? this.#matrices(name) : swap(this.#matrices(name))
    const heads = headsOf(from)
    const items = this.#items(node, from, heads)
    const [rows, k] = from.shape.slice(-2) as [number, number]
    const count = elementCount(from.shape.slice(0, -2))
    const panels = padChannels(rows) / 8
    const buffer = program.buffer(count * panels * k * 32)
    program.step({
      node,
      kernel: 'transpose',
      op: abi.TRANSPOSE,
      units: count * panels,
      src: items.buffer,
      dst: buffer,
      words: {
        [abi.K]: k,
        [abi.PIXELS]: rows,
        [abi.HEADS]: heads,
        ...places(abi.SRC_PLANE, abi.SRC_OFFSET, items),
      },
    })
    return { buffer, itemStep: panels * k * 32, panelStep: k * 32 }
  }

  /** Where attention writes: the channels of the heads one after the other, as what follows wants them, if groups of 8 allow. */
  #attended(name: string, heads: number): Items {
    const { shapes, program, values } = this.#plan
    const shape = shapes[name]!
    const [rows, channels] = shape.slice(-2) as [number, number]
    if (channels % 8 !== 0) {
      values.result(name, sizeOf(shape, shape.length - 1))
      return itemsOf(this.#matrices(name), heads)!
    }
    const outer = elementCount(shape.slice(0, -2)) / heads
    const layout: Layout = {
      digits: merged([
        { size: outer, row: rows, channel: 0 },
        { size: heads, row: 0, channel: channels },
        { size: rows, row: 1, channel: 0 },
        { size: channels, row: 0, channel: 1 },
      ]),
      row: 0,
      channel: 0,
      plane: outer * rows * 32,
    }
    values.setView(name, { buffer: program.buffer(elementCount(shape) * 4), layout })
    return itemsOf(this.#matrices(name), heads)!
  }
}

/** `from`, whose rows have the channels of one item next to each other, as panels: each group of 8 channels is one. */
function panelsOf(from: Value, rows: number): Panels {
  return { buffer: from.buffer, itemStep: rows * 32, panelStep: plane(from) }
}

function swap({ buffer, layout, shape }: Matrices): Matrices {
  const axes = [...shape.keys()]
  const order = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
  return { buffer, layout: transposed(layout, shape, order), shape: order.map((axis) => shape[axis]!) }
}

/** How many items there are of the inner index, where two are needed to tell where an item lies. */
function headsOf({ layout, shape }: Matrices): number {
  const axes = digitsByAxis(layout.digits, [elementCount(shape.slice(0, -2)), ...shape.slice(-2)])
  return axes?.[0]?.[1]?.size ?? 1
}

/** Undefined where the matrices do not lie so. */
function itemsOf({ buffer, layout, shape }: Matrices, heads: number): Items | undefined {
  const count = elementCount(shape.slice(0, -2))
  const [outer, inner, rows, channels] =
    digitsByAxis(layout.digits, [count / heads, heads, ...shape.slice(-2)])?.map(merged) ?? []
  if (!outer || !inner || !rows || !channels) return undefined
  const isAlong = (digits: readonly Digit[], row: number): boolean =>
    digits.length === 0 || (digits.length === 1 && digits[0]!.row === row && digits[0]!.channel === 1 - row)
  const { bytes: offset, channel } = startOf(layout)
  if (!isAlong(rows, 1) || !isAlong(channels, 0) || channel !== 0) return undefined
  const steps = [outer, inner].map((digits) => {
    if (digits.length === 0) return 0
    return digits.length === 1 ? byteStep(digits[0]!, layout.plane) : undefined
  })
  if (steps[0] === undefined || steps[1] === undefined) return undefined
  return { buffer, plane: layout.plane, offset, outer: steps[0], inner: steps[1] }
}

/** The words of a kernel that say where its matrices lie. */
function places(
  planeWord: number,
  first: number,
  { plane, offset, outer, inner }: Items,
): Record<number, number> {
  return { [planeWord]: plane, [first]: offset, [first + 1]: outer, [first + 2]: inner }
}
