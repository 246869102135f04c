/** The steps of ops that make a feature map of another size, channel by channel. */
import { interpolation, type MaxPool, type Upsample } from '@mobileone/core'
import * as abi from './abi.ts'
import { packTaps } from './pack-further.ts'
import type { Planning } from './planning.ts'
import type { StepOptions } from './program.ts'
import { planes, type ValueTable } from './values.ts'

export class ResizePlanner {
  readonly #plan: Planning & { readonly values: ValueTable }

  constructor(plan: Planning & { readonly values: ValueTable }) {
    this.#plan = plan
  }

  maxPool({ name, inputs: [input], kernel, stride, padding }: MaxPool): void {
    this.#resize(name, input, 'max', abi.MAX_POOL, {
      [abi.KERNEL_H]: kernel[0],
      [abi.KERNEL_W]: kernel[1],
      [abi.STRIDE_H]: stride[0],
      [abi.STRIDE_W]: stride[1],
      [abi.PAD_H]: padding[0],
      [abi.PAD_W]: padding[1],
    })
  }

  upsample(node: Upsample): void {
    const { name, inputs, mode } = node
    const [from, to] = [this.#plan.shapes[inputs[0]]!, this.#plan.shapes[name]!]
    this.#resize(name, inputs[0], mode, abi.UPSAMPLE, {
      [abi.NEAREST]: mode === 'nearest' ? 1 : 0,
      [abi.ROWS]: packTaps(interpolation(node, from[2]!, to[2]!)),
      [abi.COLUMNS]: packTaps(interpolation(node, from[3]!, to[3]!)),
    })
  }

  /** From a map of one size to one of another, channel by channel. */
  #resize(name: string, input: string, kernel: string, op: number, words: StepOptions['words']): void {
    const x = this.#plan.values.blocked(input)
    const [, , inH, inW] = this.#plan.shapes[input] as [number, number, number, number]
    const [, , outH, outW] = this.#plan.shapes[name] as [number, number, number, number]
    const y = this.#plan.values.result(name, { ...x, hw: outH * outW })
    this.#plan.program.step({
      node: name,
      kernel,
      op,
      units: planes(y) * outH,
      src: x.buffer,
      dst: y.buffer,
      words: { ...words, [abi.IN_H]: inH, [abi.IN_W]: inW, [abi.OUT_H]: outH, [abi.OUT_W]: outW },
    })
    this.#plan.values.release(x)
  }
}
