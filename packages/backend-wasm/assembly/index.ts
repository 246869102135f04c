/** The exports of both builds. `step` runs units [from, to) of one record with its own scratch memory. */
import {
  ADD, AFFINE, ATTENTION, BLEND, CONV, COPY, DEPTHWISE, DEPTHWISE3, DEPTHWISE_ROWS, FROM_NCHW, GEMM, GEMM_INT8, GEMV, GEMV_INT8, LAYER_NORM,
  LEVELS, MATMUL, MAX_POOL, MAXIMUM, MUL, OP, POOL, SCALE, SHUFFLE, SOFTMAX, STEM, TO_NCHW, TRANSPOSE, UNARY, UPSAMPLE,
} from '../src/abi'
import { BUILD } from '../src/generated/build'
import { add } from './add-f32'
import { affine } from './affine-f32'
import { attention } from './attention-f32'
import { blend } from './blend-f32'
import { conv } from './conv-f32'
import { copy } from './copy-f32'
import { depthwise } from './depthwise-f32'
import { depthwise3 } from './depthwise3-f32'
import { depthwiseRows } from './depthwise-rows-f32'
import { fromNchw } from './from-nchw-f32'
import { gemm } from './gemm-f32'
import { gemmInt8 } from './gemm-int8'
import { gemv } from './gemv-f32'
import { gemvInt8 } from './gemv-int8'
import { globalAvgPool } from './global-avg-pool-f32'
import { layerNorm } from './layer-norm-f32'
import { levels } from './levels-int8'
import { matmul } from './matmul-f32'
import { maxPool } from './max-pool-f32'
import { maximum } from './maximum-f32'
import { mul } from './mul-f32'
export { peak } from './peak-f32'
import { at } from './record'
import { scale } from './scale-f32'
import { shuffle } from './shuffle-f32'
import { softmax } from './softmax-f32'
import { stem } from './stem-f32'
import { toNchw } from './to-nchw-f32'
import { transpose } from './transpose-f32'
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
    case DEPTHWISE3: depthwise3(record, from, to, scratch); break
    case DEPTHWISE_ROWS: depthwiseRows(record, from, to, scratch); break
    case DEPTHWISE: depthwise(record, from, to); break
    case UNARY: unary(record, from, to); break
    case ADD: add(record, from, to); break
    case MUL: mul(record, from, to); break
    case SCALE: scale(record, from, to); break
    case POOL: globalAvgPool(record, from, to); break
    case SOFTMAX: softmax(record, from, to, scratch); break
    case FROM_NCHW: fromNchw(record, from, to); break
    case TO_NCHW: toNchw(record, from, to); break
    case MAX_POOL: maxPool(record, from, to); break
    case UPSAMPLE: upsample(record, from, to); break
    case COPY: copy(record, from, to); break
    case SHUFFLE: shuffle(record, from, to); break
    case LAYER_NORM: layerNorm(record, from, to, scratch); break
    case TRANSPOSE: transpose(record, from, to); break
    case MATMUL: matmul(record, from, to); break
    case ATTENTION: attention(record, from, to, scratch); break
    case AFFINE: affine(record, from, to); break
    case MAXIMUM: maximum(record, from, to); break
    case BLEND: blend(record, from, to); break
    case LEVELS: levels(record, from, to); break
    case GEMM_INT8: gemmInt8(record, from, to); break
    case GEMV_INT8: gemvInt8(record, from, to); break
    default: unreachable()
  }
}
