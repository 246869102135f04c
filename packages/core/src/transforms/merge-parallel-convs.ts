import type { Conv2d } from '../model/model.ts'
import { sameShape } from '../model/tensor.ts'
import { type Context, type Rewrite, type Rule, rewrite } from './rewrite.ts'
import { wideData, wideTensor } from './wide.ts'

/**
 * Given
 *
 *     %a = conv2d(%x) A [a]
 *     %b = conv2d(%x) B [b]
 *     %z = add(%a, %b)
 *
 * Result
 *
 *     %z = conv2d(%x) A + B [a + b]
 *
 * where kernel, stride, padding, dilation and groups agree and nothing else reads `%a` or `%b`.
 */
export const mergeParallelConvsRule: Rule = (node, context) => {
  if (node.op !== 'add') return undefined
  const [a, b] = [context.node(node.inputs[0]), context.node(node.inputs[1])]
  if (a?.op !== 'conv2d' || b?.op !== 'conv2d' || a === b) return undefined
  if (!context.isPrivate(a.name) || !context.isPrivate(b.name)) return undefined
  if (mergeObstacle(a, b, context) !== undefined) return undefined
  const [weightA, weightB] = [context.weight(a.weight), context.weight(b.weight)]
  if (!weightA || !weightB) return undefined

  const owners = [node, a, b]
  const weightName = context.weightName(`${node.name}.weight`, owners)
  const weights = { [weightName]: wideTensor(weightA.shape, sum(wideData(weightA), wideData(weightB))) }
  const biases = [a.bias, b.bias].flatMap((name) => (name === undefined ? [] : [context.weight(name)]))
  const { bias: _, ...geometry } = a
  if (biases.length === 0) {
    return {
      nodes: [{ ...geometry, name: node.name, weight: weightName }],
      weights,
      absorbed: [a.name, b.name],
    }
  }
  const biasName = context.weightName(`${node.name}.bias`, owners)
  let bias = new Float64Array(weightA.shape[0] as number)
  for (const tensor of biases) if (tensor) bias = sum(bias, wideData(tensor))
  return {
    nodes: [{ ...geometry, name: node.name, weight: weightName, bias: biasName }],
    weights: { ...weights, [biasName]: wideTensor([bias.length], bias) },
    absorbed: [a.name, b.name],
  }
}

/** Merge convolutions of one value whose results are added. */
export const mergeParallelConvs: Rewrite = rewrite(mergeParallelConvsRule)

/** Why two convolutions cannot be merged; undefined when they can. */
export function mergeObstacle(a: Conv2d, b: Conv2d, context: Context): string | undefined {
  if (a.inputs[0] !== b.inputs[0])
    return `"${a.name}" reads "${a.inputs[0]}" and "${b.name}" reads "${b.inputs[0]}"`
  for (const key of ['stride', 'padding', 'dilation'] as const) {
    if (!sameShape(a[key], b[key]))
      return `"${a.name}" has ${key} ${a[key]} and "${b.name}" has ${key} ${b[key]}`
  }
  if (a.groups !== b.groups) return `"${a.name}" has ${a.groups} groups and "${b.name}" has ${b.groups}`
  const [shapeA, shapeB] = [context.weight(a.weight)?.shape ?? [], context.weight(b.weight)?.shape ?? []]
  if (!sameShape(shapeA, shapeB))
    return `"${a.name}" has a kernel ${shapeA.join('x')} and "${b.name}" ${shapeB.join('x')}`
  return undefined
}

function sum(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(a.length)
  for (let index = 0; index < a.length; index++) result[index] = (a[index] as number) + (b[index] as number)
  return result
}
