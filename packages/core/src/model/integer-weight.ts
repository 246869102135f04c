/**
 * The arithmetic of a layer in int8 (W8A7): integer sums, exact in any order, between float32 values. Every step is rounded to
 * float32 by itself, so that every kernel gives the same bits. It is not responsible for finding scales: `quantize` does that.
 *
 *     q[c] = min(127, max(0, floor(x[c] * inverse[c] + 0.5)))         inverse = 1 / inputSteps; 0 for NaN
 *     y[o] = (sum over c of data[o][c] q[c]) * scales[o] + bias[o] + (diagonal[o] * inputSteps[o]) * q[o]
 */
import type { Graph, Node } from './model.ts'
import type { QuantizedTensor, TensorSpec, Weight } from './tensor.ts'

/** The largest step of an input in int8: 7 bits, because x86 reads this operand unsigned and Arm signed. */
export const largestLevel = 127

/**
 * What the positive and what the negative ones may come to in magnitude, each by themselves, of eight weights whose products a kernel sums in
 * int16, whatever the levels, which are not negative: those of k, k + 1, k + 4, k + 5, k + 8, k + 9, k + 12 and k + 13 of each sixteen, and
 * of the other eight. `quantize` chooses scales with which rows stay within it.
 */
export const laneLimit: number = Math.floor(32767 / largestLevel)

/** The largest such sum of a row; what lies beyond the row is zero. */
export function largestLane(row: Int8Array): number {
  const rest = new Int8Array(16)
  rest.set(row.subarray(row.length - (row.length % 16)))
  return Math.max(largestOfSixteens(row), largestOfSixteens(rest))
}

/** Of whole sixteens, four words at a time: a lane is a pair of bytes of each. */
function largestOfSixteens(row: Int8Array): number {
  const { buffer, byteOffset, length } = row.byteOffset % 4 === 0 ? row : row.slice()
  const words = new Int32Array(buffer, byteOffset, 4 * Math.floor(length / 16))
  let largest = 0
  for (let at = 0; at < words.length; at += 4) {
    let positive = 0
    let negative = 0
    for (let word = at; word < at + 4; word++) {
      const four = words[word]!
      const ones = (four >>> 7) & 0x01010101
      const below = (ones << 8) - ones
      positive += pairSums(four & ~below)
      negative += pairSums(((four ^ below) + ones) & below)
    }
    largest = Math.max(largest, positive & 0xffff, positive >>> 16, negative & 0xffff, negative >>> 16)
  }
  return largest
}

/** Of four bytes the first two added, and above them the last two, 16 bits each. */
function pairSums(word: number): number {
  return (word & 0xff00ff) + ((word >>> 8) & 0xff00ff)
}

/**
 * The weight of `node` where the model asks for integer arithmetic: that of a convolution of one group, 1 x 1 and without padding,
 * which has `inputSteps`. Undefined where the node is computed in float32, with {@link floatWeight} where its weight is int8.
 */
export function integerWeight(graph: Graph<TensorSpec | Weight>, node: Node): QuantizedTensor | undefined {
  if (node.op !== 'conv2d' || node.groups !== 1 || node.padding.some((size) => size !== 0)) return undefined
  const weight = graph.weights[node.weight] as Weight | undefined
  if (weight?.dtype !== 'int8' || !('inputSteps' in weight) || !weight.inputSteps) return undefined
  const [, , height = 1, width = 1] = weight.shape
  return height === 1 && width === 1 ? weight : undefined
}

/** True where a node of `graph` is computed in integers by a backend that can. */
export function hasIntegerLayers(graph: Graph<TensorSpec | Weight>): boolean {
  return graph.nodes.some((node) => integerWeight(graph, node) !== undefined)
}

/** What an input is multiplied with to be in steps, for each input channel. */
export function inverseSteps({ inputSteps }: QuantizedTensor): Float32Array {
  return (inputSteps ?? new Float32Array()).map((step) => 1 / step)
}

/** What each element of the diagonal is multiplied with an input in steps: `diagonal[o] * inputSteps[o]`. */
export function diagonalSteps({ diagonal, inputSteps }: QuantizedTensor): Float32Array | undefined {
  if (!diagonal || !inputSteps) return undefined
  return diagonal.map((value, channel) => value * (inputSteps[channel] as number))
}

/** The level of an input, 0 to 127, see above. */
export function toLevel(value: number, inverse: number): number {
  const level = Math.floor(Math.fround(Math.fround(value * inverse) + 0.5))
  return level > 0 ? Math.min(level, largestLevel) : 0
}
