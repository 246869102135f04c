import { type Unary, unaryOps } from '@mobileone/core'

/** What `make` gives for each function of one value. */
export function eachUnary<T>(make: (op: Unary['op']) => T): Readonly<Record<Unary['op'], T>> {
  return Object.fromEntries(unaryOps.map((op) => [op, make(op)])) as Record<Unary['op'], T>
}
