import { type Graph, type Node, weightRoles } from './model.ts'
import { inferShapes, type Shapes } from './shapes.ts'
import { formatShape } from './tensor.ts'

/**
 * The graph as text, one node a line, stable across runs: `%stem = conv2d(%image) 16x3x3x3 bias stride 2 padding 1 : 1x16x32x32`.
 * Weight shapes stand where the weights are read; the elements are not printed.
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
  const shapeOf = (name: string): string => formatShape(graph.weights[name]?.shape ?? [])
  switch (node.op) {
    case 'conv2d': {
      const words = [shapeOf(node.weight)]
      if (node.bias !== undefined) words.push('bias')
      if (node.groups !== 1) words.push(`groups ${node.groups}`)
      if (node.stride.some((value) => value !== 1)) words.push(`stride ${pair(node.stride)}`)
      if (node.padding.some((value) => value !== 0)) words.push(`padding ${pair(node.padding)}`)
      if (node.dilation.some((value) => value !== 1)) words.push(`dilation ${pair(node.dilation)}`)
      const wide = weightRoles(node).some(([, name]) => graph.weights[name]?.dtype === 'float64')
      if (wide) words.push('float64')
      return ` ${words.join(' ')}`
    }
    case 'batchNorm':
      return ` epsilon ${node.epsilon}`
    case 'linear':
      return ` ${shapeOf(node.weight)}${node.bias === undefined ? '' : ' bias'}`
    case 'relu':
    case 'sigmoid':
    case 'silu':
    case 'gelu':
    case 'add':
    case 'mul':
    case 'globalAvgPool':
    case 'flatten':
    case 'softmax':
      return ''
    default:
      node satisfies never
      return ''
  }
}

function pair([height, width]: readonly [number, number]): string {
  return height === width ? String(height) : `${height},${width}`
}
