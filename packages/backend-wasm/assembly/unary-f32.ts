/**
 * A function of one value on f32 vectors of 4. Units are vectors. Padding channels take part: whatever they become, no real
 * channel reads it.
 */
import { ACTIVATION, DST, SRC } from '../src/abi'
import { activate } from './activate-f32'
import { at, pointer } from './record'

export function unary(step: usize, from: i32, to: i32): void {
  const start = <usize>from << 4
  activate(at(step, ACTIVATION), pointer(step, SRC) + start, pointer(step, DST) + start, to - from)
}
