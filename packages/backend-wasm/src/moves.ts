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

  concat({ name, inputs, axis }: Concat): void {
    const shape = this.#plan.shapes[name]!
    const known = inputs.map((input) => this.#plan.values.axisOf(input)).find((found) => found !== undefined)
    const channels = known ?? this.#plan.values.usualAxis(name)
    const { buffer } = this.#plan.values.result(name, sizeOf(shape, channels))
    const whole = channelsOf(shape, channels)
    let start = 0
    for (const input of inputs) {
      const from = this.#plan.values.view(input, channels)
      const size = this.#plan.shapes[input]![axis]!
      const layout = sliced(whole, shape, axis, start, size)!
      this.#plan.program.step(copyStep(name, from, { buffer, layout }))
      this.#plan.values.release(from)
      start += size
    }
  }

  slice(node: Slice): void {
    const [input] = node.inputs
    const { axis, start, end } = node
    const part = ({ buffer, layout }: View): View | undefined => {
      const found = sliced(layout, this.#plan.shapes[input]!, axis, start, end - start)
      return found && { buffer, layout: found }
    }
    const there = part(this.#plan.values.view(input))
    if (!there) this.#plan.values.either(input)
    this.#show(node, there ?? part(this.#plan.values.view(input))!)
  }

  transpose(node: Transpose): void {
    const { buffer, layout } = this.#plan.values.view(node.inputs[0])
    this.#show(node, {
      buffer,
      layout: transposed(layout, this.#plan.shapes[node.inputs[0]]!, node.permutation),
    })
  }

  /** The elements of `node` are those of its input, read in another way. */
  #show(node: Reshape | Flatten | Slice | Transpose, view: View): void {
    this.#plan.values.setView(node.name, view)
    this.#plan.values.release(this.#plan.values.view(node.inputs[0]))
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
