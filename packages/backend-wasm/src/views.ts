/**
 * Values in whatever layout they were made in: what reshape, transpose and slice give is a view of its input, copied only for a kernel
 * that cannot read it so.
 */
import { elementCount } from '@mobileone/core'
import { type ArenaBuffer, BufferPart } from './arena.ts'
import { copyStep, type View } from './copy.ts'
import { channelsOf, digitsByAxis, isSame, type Layout, rowMajor } from './layout.ts'
import { packChannels } from './pack-further.ts'
import type { Constant, Place } from './program.ts'
import { bytes, plane, type Size, sizeOf, type Value, ValueTable } from './values.ts'

export class ViewTable extends ValueTable {
  /** Values that lie otherwise than in groups of 8 channels of one axis. */
  readonly #views = new Map<string, View>()
  /** The elements of one item of what is the same in all of them, and where they lie by the axis of the channels. */
  readonly #parameters = new Map<string, { readonly data: Float32Array; readonly packed: Constant[] }>()
  /** Where the values that a concatenation joins are to be written: parts of its own place, `start` bytes into it. */
  readonly #homes = new Map<string, { readonly joined: string; readonly start: number }>()
  /** Buffers of values that are not made yet, but parts of which are. */
  readonly #begun = new Map<string, ArenaBuffer>()

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
    const x = this.held(name)
    if (x && !('fill' in x.buffer) && (x.axis ?? 1) === 1) return super.rowMajor(name)
    const view = this.view(name)
    const layout = rowMajor(this.shapes[name]!)
    if (!('fill' in view.buffer) && isSame(view.layout, layout)) return view.buffer
    const buffer = this.program.buffer(this.#bytes(name))
    this.program.step(copyStep(name, view, { buffer, layout }))
    return buffer
  }

  /** A part of the value that it is joined to, else as {@link ValueTable} says. */
  override result(name: string, size: Size, old?: Place): Value {
    const isJoined = (size.axis ?? 1) === 1 && (this.#homes.has(name) || this.#begun.has(name))
    if (!isJoined) return super.result(name, size, old)
    const { n, c, hw, axis } = size
    const value: Value = { n, c, hw, axis, planar: false, buffer: this.#place(name) }
    this.set(name, value)
    return value
  }

  /** Let `name` be written where channel `channel` of `joined`, which is still to be made, begins; a multiple of 8. */
  home(name: string, joined: string, channel: number): void {
    if (this.held(name) || this.#homes.has(name)) return
    this.#homes.set(name, { joined, start: (channel / 8) * plane(sizeOf(this.shapes[joined]!, 1)) })
  }

  /** True where `name` lies in `joined` from its channel `channel` on. */
  isHome(name: string, joined: Value, channel: number): boolean {
    const buffer = this.held(name)?.buffer
    return (
      buffer instanceof BufferPart &&
      buffer.whole === joined.buffer &&
      buffer.start === (channel / 8) * plane(joined)
    )
  }

  /** The axis of which the value lies in groups of 8, if it does. */
  axisOf(name: string): number | undefined {
    const x = this.held(name)
    if (x) return x.planar ? undefined : (x.axis ?? 1)
    const shape = this.shapes[name]!
    const view = this.#views.get(name)
    return view && [1, shape.length - 1].find((axis) => partOf(view, channelsOf(shape, axis)))
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
    const there = partOf(view, layout)
    if (there) return this.hold(name, { ...size, planar: false, buffer: there(bytes(size)) })
    const buffer = this.program.buffer(bytes(size))
    this.program.step(copyStep(name, view, { buffer, layout }))
    this.count(name, buffer)
    return this.hold(name, { ...size, planar: false, buffer })
  }

  /** The place of `name` in what it is joined to, or its own, in which parts of it lie. */
  #place(name: string): ArenaBuffer {
    const begun = this.#begun.get(name)
    if (begun) return begun
    const home = this.#homes.get(name)
    const size = bytes(sizeOf(this.shapes[name]!, 1))
    const buffer = home
      ? new BufferPart(this.#place(home.joined), home.start, size)
      : this.program.buffer(size)
    this.#begun.set(name, buffer)
    return buffer
  }

  #bytes(name: string): number {
    return elementCount(this.shapes[name]!) * 4
  }
}

/** The buffer of so many bytes in which `view` lies in `layout`, if it does: whole groups of 8 channels may precede it. */
function partOf({ buffer, layout: found }: View, layout: Layout): ((size: number) => Place) | undefined {
  const { channel } = found
  if (channel % 8 !== 0 || !isSame({ ...found, channel: 0 }, layout)) return undefined
  if (channel === 0) return () => buffer
  if ('fill' in buffer) return undefined
  return (size) => new BufferPart(buffer, (channel / 8) * found.plane, size)
}
