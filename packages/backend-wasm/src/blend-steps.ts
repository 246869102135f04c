/** The steps of affine, of the larger of two values, and of sums and products with one number a channel or an item. */
import type { Add, Affine, Maximum, Mul } from '@mobileone/core'
import * as abi from './abi.ts'
import { type Blend, findBlends } from './blend.ts'
import { packOrder } from './pack-further.ts'
import type { Activation, Planning } from './planning.ts'
import { floatBits, type Place } from './program.ts'
import { bytes, planes, type Value, type ValueTable } from './values.ts'

export class BlendPlanner {
  readonly #plan: Planning & { readonly values: ValueTable }
  readonly #blends: ReadonlyMap<string, Blend>

  constructor(plan: Planning & { readonly values: ValueTable }) {
    this.#plan = plan
    this.#blends = findBlends(plan.model, plan.uses, plan.shapes)
    for (const { inner } of this.#blends.values()) for (const { name } of inner) plan.fused.add(name)
  }

  affine(node: Affine): void {
    const x = this.#plan.values.either(node.inputs[0])
    const act = this.#plan.activation(node, { relu: abi.RELU })
    const y = this.#plan.values.result(act.result, x, x.buffer)
    this.#plan.program.step({
      node: node.name,
      kernel: `affine${act.suffix}`,
      op: abi.AFFINE,
      units: bytes(x) / 16,
      src: x.buffer,
      dst: y.buffer,
      words: {
        [abi.ACTIVATION]: act.code,
        [abi.SCALE_BY]: floatBits(node.scale),
        [abi.OFFSET]: floatBits(node.offset),
      },
    })
    this.#plan.values.release(x)
  }

  /** A sum or product whose second value is [N, C, 1, 1] or [N, 1, 1, 1]. */
  broadcast(node: Add | Mul): void {
    const { values } = this.#plan
    const [x, y] = [values.blocked(node.inputs[0]), values.blocked(node.inputs[1])]
    const act = this.#plan.activation(node, { relu: abi.RELU })
    const z = values.result(act.result, x, x.buffer)
    const term = node.op === 'mul' ? { scale: y } : { shift: y }
    this.#blend(node.name, `${node.op} by ${x.c === y.c ? 'channel' : 'item'}`, act, x, z, [term])
    values.release(x)
    values.release(y)
  }

  maximum(node: Maximum): void {
    const blend = this.#blends.get(node.name)
    if (!blend) {
      this.#pairwise(node)
      return
    }
    const x = this.#plan.values.blocked(blend.x)
    const terms = blend.terms.map(({ scale, shift }) => ({
      scale: this.#plan.values.blocked(scale),
      shift: this.#plan.values.blocked(shift),
    }))
    const act = this.#plan.activation(node, { relu: abi.RELU })
    // Every read of the nodes within but one; a result over it must not move channels that are still to be read.
    const reads = blend.inner.flatMap(({ inputs }) => inputs).filter((name) => name === blend.x)
    for (const _ of reads.slice(1)) this.#plan.values.release(x)
    const z = this.#plan.values.result(act.result, x, blend.order ? undefined : x.buffer)
    this.#blend(node.name, blend.order ? 'shift-max' : 'max of sums', act, x, z, terms, blend.order)
    this.#plan.values.release(x)
    for (const { scale, shift } of terms) {
      this.#plan.values.release(scale)
      this.#plan.values.release(shift)
    }
  }

  #pairwise(node: Maximum): void {
    const { values, program } = this.#plan
    const [x, y] = values.alike(...node.inputs)
    const act = this.#plan.activation(node, { relu: abi.RELU })
    const z = values.result(act.result, x, x.buffer)
    program.step({
      node: node.name,
      kernel: `maximum${act.suffix}`,
      op: abi.MAXIMUM,
      units: bytes(x) / 16,
      src: x.buffer,
      weights: y.buffer,
      dst: z.buffer,
      words: { [abi.ACTIVATION]: act.code },
    })
    values.release(x)
    values.release(y)
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
    this.#plan.program.step({
      node: name,
      kernel: kernel + act.suffix,
      op: abi.BLEND,
      units: planes(x),
      src: x.buffer,
      dst: z.buffer,
      words,
    })
  }
}
