import { attachWeights, elementCount, type Graph, type Model, type Tensor, tensor } from '@mobileone/core'

/** 32-bit FNV-1a. */
export function fnv1a(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}

/** Numbers in (-1, 1), each exact in float32, by the name of the tensor and the index alone. */
function* units(name: string, count: number): Generator<number> {
  const hash = fnv1a(name)
  for (let index = 0; index < count; index++) {
    let x = (hash + Math.imul(index, 0x9e3779b9)) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
    x = (x ^ (x >>> 16)) >>> 0
    yield (2 * (x >>> 8) + 1 - 16777216) / 16777216
  }
}

/** Of the gates of the probes, which then stay near their middle. */
const gateGain = 1 / 16

/** The tensor `name` of a network whose convolutions have the standard deviation `gain` sqrt(2 / fan-in). */
export function formulaTensor(name: string, shape: readonly number[], gain: number): Tensor {
  const [scale, shift] = spread(name, shape, name.startsWith('act.') ? gateGain : gain)
  const data = new Float32Array(elementCount(shape))
  let index = 0
  for (const unit of units(name, data.length)) data[index++] = shift + scale * unit
  return tensor(shape, data)
}

function spread(
  name: string,
  shape: readonly number[],
  gain: number,
): readonly [scale: number, shift: number] {
  if (name.endsWith('running_var')) return [0.5, 1]
  if (name.endsWith('weight')) {
    return shape.length >= 2 ? [gain * Math.sqrt(6 / elementCount(shape.slice(1))), 0] : [0.25, 1]
  }
  return [/(bias|running_mean)$/.test(name) ? 0.2 : 0.5, 0]
}

/** `graph` with the weights of the formula. */
export function withFormula(graph: Graph, gain: number): Model {
  const weights = Object.entries(graph.weights).map(([name, { shape }]) => [
    name,
    formulaTensor(name, shape, gain),
  ])
  return attachWeights(graph, Object.fromEntries(weights))
}

/** The input that goes with the formula: [1, 3, height, width]. */
export function formulaImage(height: number, width: number): Tensor {
  const shape = [1, 3, height, width]
  return tensor(
    shape,
    Float32Array.from(units('image', elementCount(shape)), (unit) => 2 * unit),
  )
}
