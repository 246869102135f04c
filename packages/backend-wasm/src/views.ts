/**
 * Values in whatever layout they were made in: what reshape, transpose and slice give is a view of its input, copied only for a kernel
 * that cannot read it so.
 */
import { elementCount } from '@mobileone/core'
import type { ArenaBuffer } from './arena.ts'
import { copyStep, type View } from './copy.ts'
import { channelsOf, digitsByAxis, isSame, rowMajor } from './layout.ts'
import { packChannels } from './pack-further.ts'
import type { Constant } from './program.ts'
import { bytes, sizeOf, type Value, ValueTable } from './values.ts'

export class ViewTable extends ValueTable {
  /** Values that lie otherwise than in groups of 8 channels of one axis. */
  readonly #views = new Map<string, View>()
  /** The elements of one item of what is the same in all of them, and where they lie by the axis of the channels. */
  readonly #parameters = new Map<string, { readonly data: Float32Array; readonly packed: Constant[] }>()

  override get(name: string): Value {
    return this.held(name) ?? this.either(name)
  }

  override blocked(name: string): Value {
    return this.#arranged(name, 1)
  }

  override rows(name: string): Value {
    return this.#arranged(name, Math.max(1, this.shapes[name]!.length - 1))
  }

  override either(name: string): Value {
    return this.#arranged(name, this.axisOf(name) ?? this.usualAxis(name))
  }

  override alike(a: string, b: string): readonly [Value, Value] {
    const axis = this.axisOf(a) ?? this.axisOf(b) ?? this.usualAxis(a)
    return [this.#arranged(a, axis), this.#arranged(b, axis)]
  }

  override rowMajor(name: string): ArenaBuffer {
    const view = this.view(name)
    const layout = rowMajor(this.shapes[name]!)
    if (!('fill' in view.buffer) && isSame(view.layout, layout)) return view.buffer
    const buffer = this.program.buffer(this.#bytes(name))
    this.program.step(copyStep(name, view, { buffer, layout }))
    return buffer
  }

  /** The axis of which the value lies in groups of 8, if it does. */
  axisOf(name: string): number | undefined {
    const x = this.held(name)
    if (x) return x.planar ? undefined : (x.axis ?? 1)
    const shape = this.shapes[name]!
    const view = this.#views.get(name)
    return view && [1, shape.length - 1].find((axis) => isSame(view.layout, channelsOf(shape, axis)))
  }

  /** Axis 1 for feature maps; for tokens, [N, T, C], the last. */
  usualAxis(name: string): number {
    return this.shapes[name]!.length === 3 ? 2 : 1
  }

  /** Where the elements are; a parameter is laid out in groups of `axis`. */
  view(name: string, axis: number = this.usualAxis(name)): View {
    const shape = this.shapes[name]!
    const parameter = this.#parameters.get(name)
    if (parameter) {
      const one = [1, ...shape.slice(1)]
      const buffer = (parameter.packed[axis] ??= packChannels(parameter.data, one, axis))
      this.neverReuse(buffer)
      const { digits, ...rest } = channelsOf(one, axis)
      const repeated = shape[0] === 1 ? [] : [{ size: shape[0]!, row: 0, channel: 0 }]
      return { buffer, layout: { digits: [...repeated, ...digits], ...rest } }
    }
    const view = this.#views.get(name)
    if (view) return view
    const { planar, buffer, axis: channels = 1 } = this.held(name)!
    return { buffer, layout: planar ? rowMajor(shape) : channelsOf(shape, channels) }
  }

  /** From here on `name` is what lies so, in a buffer that is read as often as `name` is. */
  setView(name: string, view: View): void {
    const shape = this.shapes[name]!
    let there = view
    if (!digitsByAxis(view.layout.digits, shape)) {
      there = { layout: rowMajor(shape), buffer: this.program.buffer(this.#bytes(name)) }
      this.program.step(copyStep(name, view, there))
    }
    this.#views.set(name, there)
    this.count(name, there.buffer)
  }

  /** From here on `name` is `data`, the elements of one item, in each item. */
  setParameter(name: string, data: Float32Array): void {
    this.#parameters.set(name, { data, packed: [] })
  }

  /** The value in groups of 8 channels of `axis`, copied where it is not. */
  #arranged(name: string, axis: number): Value {
    const x = this.held(name)
    if (x && !x.planar && (x.axis ?? 1) === axis) return x
    if (x?.planar && axis === 1) return super.blocked(name)
    const shape = this.shapes[name]!
    const view = this.view(name, axis)
    const layout = channelsOf(shape, axis)
    const size = sizeOf(shape, axis)
    let { buffer } = view
    if (!isSame(view.layout, layout)) {
      buffer = this.program.buffer(bytes(size))
      this.program.step(copyStep(name, view, { buffer, layout }))
      this.count(name, buffer)
    }
    return this.hold(name, { ...size, planar: false, buffer })
  }

  #bytes(name: string): number {
    return elementCount(this.shapes[name]!) * 4
  }
}
