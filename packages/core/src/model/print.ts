import { integerWeight } from './integer-weight.ts'
import type { Graph, Node } from './model.ts'
import { opFacts, weightRoles } from './ops.ts'
import { inferShapes, type Shapes } from './shapes.ts'
import { formatShape, type TensorSpec, type Weight } from './tensor.ts'

/**
 * The graph as text, one node a line, stable across runs: `%stem = conv2d(%image) 16x3x3x3 bias stride 2 padding 1 : 1x16x32x32`.
 * Weight shapes stand where the weights are read; the elements are not printed. `int8` is how a weight is stored, `in integers` how a layer
 * is computed.
 */
export function print(graph: Graph): string {
  const shapes = inferShapes(graph)
  const inputs = Object.entries(graph.inputs).map(([name, input]) => `%${name} : ${formatShape(input.shape)}`)
  const outputs = Object.entries(graph.outputs).map(([name, value]) => `  ${name} = %${value}`)
  return [
    `model "${graph.name}" (${inputs.join(', ')}) {`,
    ...graph.nodes.map((node) => `  ${printNode(graph, node, shapes)}`),
    '} -> {',
    ...outputs,
    '}',
    '',
  ].join('\n')
}

function printNode(graph: Graph, node: Node, shapes: Shapes): string {
  const inputs = node.inputs.map((name) => `%${name}`).join(', ')
  const attributes = printAttributes(graph, node)
  return `%${node.name} = ${node.op}(${inputs})${attributes} : ${formatShape(shapes[node.name] ?? [])}`
}

function printAttributes(graph: Graph, node: Node): string {
  const { accumulates, attributes } = opFacts(node)
  const words: string[] = []
  if (accumulates) {
    const roles = new Map(weightRoles(node))
    words.push(formatShape(graph.weights[roles.get('weight') ?? '']?.shape ?? []))
    if (roles.has('bias')) words.push('bias')
  }
  words.push(...(attributes?.(node) ?? []), ...storage(graph, node))
  return words.length === 0 ? '' : ` ${words.join(' ')}`
}

/** The element types that are not float32, and whether they are computed with. */
function storage(graph: Graph<TensorSpec | Weight>, node: Node): readonly string[] {
  const types = new Set(weightRoles(node).map(([, name]) => graph.weights[name]?.dtype ?? 'float32'))
  const stored = [...types].filter((type) => type !== 'float32')
  return integerWeight(graph, node) ? [...stored, 'in integers'] : stored
}
