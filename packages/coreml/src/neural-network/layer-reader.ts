import { elementCount, MobileOneError, sameShape, type Unary } from '@mobileone/core'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import type { StoredLayer } from './decode-network.ts'
import type { NetworkImporter, Value } from './importer.ts'
import { type FieldSchema, Fields } from './message-fields.ts'
import { readWeights } from './read-weights.ts'

/** Largest size of one axis. */
const maxSize = 2 ** 31

/** One layer on its way into a model: reads its parameters and says what it makes. */
export class LayerReader {
  readonly importer: NetworkImporter
  readonly layer: StoredLayer
  /** Names the layer in errors. */
  readonly here: string

  constructor(importer: NetworkImporter, layer: StoredLayer) {
    this.importer = importer
    this.layer = layer
    this.here = `layer "${layer.name || layer.output}" (${layer.kind})`
  }

  fail(message: string): never {
    return this.importer.fail(`${this.here} ${message}`)
  }

  unsupported(message: string): never {
    throw new MobileOneError('unsupported', `cannot read the Core ML network: ${this.here} ${message}`)
  }

  /** The layer's own parameters. May be called once. */
  fields(schema: FieldSchema): Fields {
    return this.inner(this.layer.params, schema)
  }

  inner(reader: WireReader | undefined, schema: FieldSchema): Fields {
    return new Fields(reader, schema, this.here)
  }

  expectInputs(count: number): void {
    const { length } = this.layer.inputs
    if (length !== count) this.unsupported(`reads ${length} values, where ${count} can be read`)
  }

  /** The value that a layer of one input reads. */
  only(): Value {
    this.expectInputs(1)
    return this.importer.value(this.layer.inputs[0] as string, this.here)
  }

  define(value: Omit<Value, 'kind'>): void {
    this.importer.define(this.layer.output, this.here, { kind: 'value', ...value })
  }

  /** A new value of the model under the name of this layer's output. */
  made(shape: readonly number[], core: readonly number[]): void {
    this.define({ name: this.layer.output, shape, core })
  }

  weights(reader: WireReader | undefined, shape: readonly number[], role: string): string {
    const data = this.elements(reader, elementCount(shape), shape[0] as number, `${role} of ${this.here}`)
    return this.importer.weight(`${this.layer.output}.${role}`, shape, data)
  }

  /** As {@link readWeights}. */
  elements(reader: WireReader | undefined, count: number, channels: number, where: string): Float32Array {
    return readWeights(reader, count, channels, where, this.importer.budget)
  }

  /** Height and width of a repeated field; both `usual` where it is absent. */
  pair(values: readonly number[], usual: number): [height: number, width: number] {
    if (values.length !== 0 && values.length !== 2)
      this.fail(`has ${values.length} numbers where a height and a width belong`)
    return [values[0] ?? usual, values[1] ?? usual]
  }

  checkSizes(...values: readonly number[]): void {
    for (const value of values)
      if (!Number.isSafeInteger(value) || value < 1 || value > maxSize) this.fail(`has a size of ${value}`)
  }

  /** BorderAmounts {10 edges*{1 start, 2 end}} of height and width, which must be the same on both sides. */
  borders(reader: WireReader | undefined): [height: number, width: number] {
    const edges = this.inner(reader, { message: [10] }).messages(10)
    const amounts = edges.map((edge) => {
      const both = this.inner(edge, { int: [1, 2] })
      const [start, end] = [both.number(1), both.number(2)]
      if (start !== end)
        this.unsupported(`pads by ${start} and ${end}; both sides of an axis must get the same`)
      if (!Number.isSafeInteger(start) || start < 0 || start > maxSize) this.fail(`pads by ${start}`)
      return start
    })
    return this.pair(amounts, 0)
  }

  /** ValidPadding {1 borders}. */
  validPadding(reader: WireReader | undefined): [height: number, width: number] {
    return this.borders(this.inner(reader, { message: [1] }).message(1))
  }

  /** The axes in the file of a map which this layer makes of the map `x`. */
  mapOf(x: Value, shape: readonly number[]): readonly number[] {
    return [...x.core.slice(0, -3), ...shape.slice(1)]
  }

  /** The rows and columns that a value has for layers on matrices: of 4 or 5 axes the last three are the columns. */
  matrixOf({ core }: Value): readonly [rows: number, columns: number] {
    if (core.length === 1) return [1, core[0] as number]
    const inner = core.length < 4 ? 1 : 3
    return [elementCount(core.slice(0, -inner)), elementCount(core.slice(-inner))]
  }

  elementwise(op: Unary['op']): void {
    const x = this.only()
    this.importer.push({ op, name: this.layer.output, inputs: [this.importer.use(x, this.here)] })
    this.made(x.shape, x.core)
  }

  globalAverage(x: Value, core: readonly number[]): void {
    const [batch, channels] = this.importer.mapShape(x, this.here)
    this.importer.push({
      op: 'globalAvgPool',
      name: this.layer.output,
      inputs: [this.importer.use(x, this.here)],
    })
    this.made([batch, channels, 1, 1], core)
  }

  /** The same elements with the axes `core`; a flattening of the model where they become a matrix. */
  recast(x: Value, core: readonly number[]): void {
    if (core.length === 0 || core.length > 8 || elementCount(core) !== elementCount(x.core))
      this.fail(`makes [${core.join(', ')}] of [${x.core.join(', ')}]`)
    const isColumn = core.length > 3 && sameShape(core.slice(-2), [1, 1])
    const rows = elementCount(core.slice(0, core.length === 2 ? -1 : -3))
    const flattens =
      x.shape.length > 2 &&
      rows === x.shape[0] &&
      (core.length === 2 || (isColumn && !sameShape(x.shape.slice(2), [1, 1])))
    if (!flattens) {
      this.define({ ...x, core })
      return
    }
    this.importer.push({ op: 'flatten', name: this.layer.output, inputs: [this.importer.use(x, this.here)] })
    this.made([rows, elementCount(x.shape.slice(1))], core)
  }

  /** A shape with at most one -1, which stands for what is left. */
  resolve(target: readonly number[], x: Value): readonly number[] {
    const rest = elementCount(x.core) / elementCount(target.filter((size) => size !== -1))
    const shape = target.map((size) => (size === -1 ? rest : size))
    const open = target.filter((size) => size === -1).length
    if (open > 1 || !shape.every((size) => Number.isSafeInteger(size) && size > 0))
      this.fail(`makes [${target.join(', ')}] of [${x.core.join(', ')}]`)
    return shape
  }

  /**
   * `scale * x + bias` of each channel, or of all where there is one number: a step of the image's normalisation; an `affine`, or of
   * each channel a depthwise convolution of 1x1.
   */
  affine(x: Value, scale: ArrayLike<number>, bias: ArrayLike<number>): void {
    if (scale.length === 1 && bias.length === 1 && scale[0] === 1 && bias[0] === 0) {
      this.define(x)
      return
    }
    const { importer, here } = this
    if (scale.length === 1 && bias.length === 1 && !x.affine) {
      const [times, plus] = [scale[0] as number, bias[0] as number]
      const inputs = [importer.use(x, here)] as const
      importer.push({ op: 'affine', name: this.layer.output, inputs, scale: times, offset: plus })
      this.made(x.shape, x.core)
      return
    }
    const [, channels] = importer.mapShape(x, here)
    const each = (values: ArrayLike<number>): number[] => {
      if (values.length !== 1 && values.length !== channels)
        this.fail(`has ${values.length} numbers for ${channels} channels`)
      const last = values.length - 1
      return Array.from({ length: channels }, (_, channel) => values[Math.min(channel, last)] as number)
    }
    if (x.affine) {
      const [times, plus] = [each(scale), each(bias)]
      const { affine } = x
      const steps = times.map((time, channel) => (affine.scale[channel] as number) * time)
      const shifts = times.map(
        (time, channel) => (affine.bias[channel] as number) * time + (plus[channel] as number),
      )
      this.define({ ...x, affine: { scale: steps, bias: shifts } })
      return
    }
    // One number says nothing of how many channels to make weights for, and many layers may read one constant.
    importer.budget.keep(8 * channels)
    const { output } = this.layer
    importer.push({
      op: 'conv2d',
      name: output,
      inputs: [importer.use(x, here)],
      weight: importer.weight(`${output}.weight`, [channels, 1, 1, 1], Float32Array.from(each(scale))),
      bias: importer.weight(`${output}.bias`, [channels], Float32Array.from(each(bias))),
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: channels,
    })
    this.made(x.shape, x.core)
  }
}
