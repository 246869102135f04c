/**
 * softmax(q k^T FACTOR) v, f32: K channels of PIXELS queries, KEYS keys as panels (the kernel `transpose`), PANELS groups of 8 channels
 * of values, which are panels as they lie. Units are blocks of BLOCK queries of each item, so that the scores of one block, not of all
 * queries, are in memory. Scratch: the scores, as groups of 8 keys, then what the softmax of BLOCK rows needs.
 */
import {
  BLOCK, DST, DST_OFFSET, DST_PLANE, FACTOR, K, K_BLOCK, KEYS, PANELS, PIXELS, SRC, SRC_OFFSET, SRC_PLANE, VALUES, VALUES_OFFSET,
  VALUES_PLANE, WEIGHTS, ZEROS,
} from '../src/abi'
import { product } from './matmul-f32'
import { at, pointer, real } from './record'
import { softmaxRows } from './softmax-f32'
import { itemOf } from './transpose-f32'

export function attention(step: usize, from: i32, to: i32, scratch: usize): void {
  const queries = at(step, PIXELS), keys = at(step, KEYS), k = at(step, K), block = at(step, BLOCK)
  const blocks = (queries + block - 1) / block
  const kBlock = at(step, K_BLOCK)
  const zeros = pointer(step, ZEROS)
  for (let u = from; u < to; ++u) {
    const item = u / blocks
    const first = u % blocks * block
    const rows = min(block, queries - first)
    const plane = <usize>rows << 5
    const start = <usize>first << 5
    const q = itemOf(step, SRC, SRC_OFFSET, item) + start
    const panels = (keys + 7) >> 3
    let panel = pointer(step, WEIGHTS) + (<usize>(item * panels * k) << 5)
    let scores = scratch
    for (let j = 0; j < panels; ++j) {
      product(q, pointer(step, SRC_PLANE), rows, panel, k, kBlock, zeros, scores)
      panel += <usize>k << 5
      scores += plane
    }
    softmaxRows(scratch, plane, scratch, plane, rows, keys, real(step, FACTOR), scores)
    panel = itemOf(step, VALUES, VALUES_OFFSET, item)
    let result = itemOf(step, DST, DST_OFFSET, item) + start
    for (let j = at(step, PANELS); j > 0; --j) {
      product(scratch, plane, rows, panel, keys, kBlock, zeros, result)
      panel += pointer(step, VALUES_PLANE)
      result += pointer(step, DST_PLANE)
    }
  }
}
