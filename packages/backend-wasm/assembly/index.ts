/** The exports of both builds. `step` runs units [from, to) of one record with its own scratch memory. */
import {
  ADD, AFFINE, BLEND, CHANNELS, CONV, DEPTHWISE, DEPTHWISE3, DEPTHWISE_ROWS, FROM_NCHW, GEMM, GEMV, MAX_POOL, MAXIMUM, MUL, OP, POOL, RUNS,
  SCALE, SHUFFLE, SOFTMAX, STEM, TO_NCHW, UNARY, UPSAMPLE,
} from '../src/abi'
import { BUILD } from '../src/generated/build'
import { add } from './add-f32'
import { affine } from './affine-f32'
import { blend } from './blend-f32'
import { channels } from './channels-f32'
import { conv } from './conv-f32'
import { depthwise } from './depthwise-f32'
import { depthwise3 } from './depthwise3-f32'
import { depthwiseRows } from './depthwise-rows-f32'
import { fromNchw } from './from-nchw-f32'
import { gemm } from './gemm-f32'
import { gemv } from './gemv-f32'
import { globalAvgPool } from './global-avg-pool-f32'
import { maxPool } from './max-pool-f32'
import { maximum } from './maximum-f32'
import { mul } from './mul-f32'
export { peak } from './peak-f32'
import { at } from './record'
import { runs } from './runs-f32'
import { scale } from './scale-f32'
import { shuffle } from './shuffle-f32'
import { softmax } from './softmax-f32'
import { stem } from './stem-f32'
import { toNchw } from './to-nchw-f32'
import { unary } from './unary-f32'
import { upsample } from './upsample-f32'

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
    case DEPTHWISE_ROWS: depthwiseRows(record, from, to, scratch); break
    case DEPTHWISE: depthwise(record, from, to); break
    case UNARY: unary(record, from, to); break
    case ADD: add(record, from, to); break
    case MUL: mul(record, from, to); break
    case SCALE: scale(record, from, to); break
    case POOL: globalAvgPool(record, from, to); break
    case SOFTMAX: softmax(record, from, to); break
    case FROM_NCHW: fromNchw(record, from, to); break
    case TO_NCHW: toNchw(record, from, to); break
    case MAX_POOL: maxPool(record, from, to); break
    case UPSAMPLE: upsample(record, from, to); break
    case CHANNELS: channels(record, from, to); break
    case RUNS: runs(record, from, to); break
    case SHUFFLE: shuffle(record, from, to); break
    case AFFINE: affine(record, from, to); break
    case MAXIMUM: maximum(record, from, to); break
    case BLEND: blend(record, from, to); break
    default: unreachable()
  }
}
