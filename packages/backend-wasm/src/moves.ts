/** The steps of ops that move elements, most of which are none: another view of the same memory. */
import {
  type ChannelShuffle,
  type Concat,
  type Flatten,
  floatWeight,
  type Parameter,
  type Reshape,
  type Slice,
  type Transpose,
} from '@mobileone/core'
import * as abi from './abi.ts'
import { padChannels } from './choose.ts'
import { copyStep, type View } from './copy.ts'
import { channelsOf, sliced, transposed } from './layout.ts'
import type { Planning } from './planning.ts'
import { sizeOf } from './values.ts'
import type { ViewTable } from './views.ts'

export class MovePlanner {
  readonly #plan: Planning & { readonly values: ViewTable }

  constructor(plan: Planning & { readonly values: ViewTable }) {
    this.#plan = plan
  }

  parameter({ name, weight }: Parameter): void {
    this.#plan.values.setParameter(name, floatWeight(this.#plan.model, weight).data)
  }

  reshape(node: Reshape | Flatten): void {
    this.#show(node, this.#plan.values.view(node.inputs[0]))
  }

  /** What begins at whole groups of 8 channels of the result is written there by what makes it. */
  findHomes({ name, inputs, axis }: Concat): void {
    if (!this.#joinsChannels(name, axis)) return
    let channel = 0
    for (const input of inputs) {
      if (channel % 8 === 0) this.#plan.values.home(input, name, channel)
      channel += this.#plan.shapes[input]![1]!
    }
  }

  concat({ name, inputs, axis }: Concat): void {
    const { values, shapes, program } = this.#plan
    const shape = shapes[name]!
    const known = inputs.map((input) => values.axisOf(input)).find((found) => found !== undefined)
    const channels = this.#joinsChannels(name, axis) ? 1 : (known ?? values.usualAxis(name))
    const y = values.result(name, sizeOf(shape, channels))
    const whole = channelsOf(shape, channels)
    let start = 0
    for (const input of inputs) {
      const from = values.view(input, channels)
      const size = shapes[input]![axis]!
      const layout = sliced(whole, shape, axis, start, size)!
      if (channels !== axis || !values.isHome(input, y, start))
        program.step(copyStep(name, from, { buffer: y.buffer, layout }))
      values.release(from)
      start += size
    }
  }

  /** True for feature maps and vectors; tokens lie in groups of 8 of their last axis. */
  #joinsChannels(name: string, axis: number): boolean {
    return axis === 1 && this.#plan.shapes[name]!.length !== 3
  }

  slice(node: Slice): void {
    const [input] = node.inputs
    const { axis, start, end } = node
    const part = ({ buffer, layout }: View): View | undefined => {
      const found = sliced(layout, this.#plan.shapes[input]!, axis, start, end - start)
      return found && { buffer, layout: found }
    }
    const { values, shapes } = this.#plan
    let whole = values.view(input)
    let there = part(whole)
    if (!there) {
      const { buffer, axis = 1 } = values.either(input)
      whole = { buffer, layout: channelsOf(shapes[input]!, axis) }
      there = part(whole)!
    }
    this.#show(node, there, whole)
  }

  transpose(node: Transpose): void {
    const { buffer, layout } = this.#plan.values.view(node.inputs[0])
    this.#show(node, {
      buffer,
      layout: transposed(layout, this.#plan.shapes[node.inputs[0]]!, node.permutation),
    })
  }

  /** The elements of `node` are those of its input, which are at `from`, read in another way. */
  #show(
    node: Reshape | Flatten | Slice | Transpose,
    view: View,
    from: View = this.#plan.values.view(node.inputs[0]),
  ): void {
    this.#plan.values.setView(node.name, view)
    this.#plan.values.release(from)
  }

  channelShuffle({ name, inputs: [input], groups }: ChannelShuffle): void {
    const x = this.#plan.values.blocked(input)
    const y = this.#plan.values.result(name, x)
    this.#plan.program.step({
      node: name,
      kernel: 'shuffle',
      op: abi.SHUFFLE,
      units: padChannels(x.c) / 8,
      src: x.buffer,
      dst: y.buffer,
      words: { [abi.K]: x.c, [abi.GROUPS]: groups, [abi.PIXELS]: x.n * x.hw },
    })
    this.#plan.values.release(x)
  }
}
