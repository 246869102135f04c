/** The exports of both builds. `step` runs units [from, to) of one record with its own scratch memory. */
import {
  ADD, CONV, DEPTHWISE, DEPTHWISE3, FROM_NCHW, GEMM, GEMV, MUL, OP, POOL, SCALE, SOFTMAX, STEM, TO_NCHW, UNARY,
} from '../src/abi'
import { BUILD } from '../src/generated/build'
import { conv } from './conv'
import { depthwise } from './depthwise'
import { depthwise3 } from './depthwise3'
import { add, mul, scale, softmax, unary } from './elementwise'
import { gemm } from './gemm'
import { gemv } from './gemv'
import { fromNchw, toNchw } from './layout'
export { peak } from './peak'
import { pool } from './pool'
import { at } from './record'
import { stem } from './stem'

/** The hash of the sources; the planner refuses a binary of another build. */
export function build(): i32 {
  return BUILD
}

export function step(record: usize, from: i32, to: i32, scratch: usize): void {
  switch (at(record, OP)) {
    case GEMM: gemm(record, from, to); break
    case GEMV: gemv(record, from, to); break
    case CONV: conv(record, from, to, scratch); break
    case STEM: stem(record, from, to, scratch); break
    case DEPTHWISE3: depthwise3(record, from, to); break
    case DEPTHWISE: depthwise(record, from, to); break
    case UNARY: unary(record, from, to); break
    case ADD: add(record, from, to); break
    case MUL: mul(record, from, to); break
    case SCALE: scale(record, from, to); break
    case POOL: pool(record, from, to); break
    case SOFTMAX: softmax(record, from, to); break
    case FROM_NCHW: fromNchw(record, from, to); break
    case TO_NCHW: toNchw(record, from, to); break
    default: unreachable()
  }
}
