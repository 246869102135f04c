import { MobileOneError } from '../errors.ts'
import type { Graph, Node, Op } from './model.ts'
import { inferShapes, type Shapes } from './shapes.ts'

const tokenOps: readonly Op[] = ['layerNorm', 'matmul', 'reshape', 'transpose', 'parameter']

/**
 * True for what works on sequences of tokens, [N, T, D]: what lacks for a program that knows feature maps and matrices alone. Linear
 * layers and softmax do where they read more than a matrix.
 */
export function isTokenNode({ op, inputs: [input = ''] }: Node, shapes: Shapes): boolean {
  if (op === 'linear' || op === 'softmax') return shapes[input]?.length !== 2
  return tokenOps.includes(op)
}

/** The nodes of `graph` that are {@link isTokenNode}. */
export function tokenNodes(graph: Graph): readonly Node[] {
  const shapes = inferShapes(graph)
  return graph.nodes.filter((node) => isTokenNode(node, shapes))
}

/**
 * Refuse `graph` where it has {@link tokenNodes}.
 * @param place What cannot run them: `webgpu`.
 * @param remedy What to do: `use another backend`.
 * @throws MobileOneError `unsupported` naming them.
 */
export function refuseTokenNodes(graph: Graph, place: string, remedy: string): void {
  const nodes = tokenNodes(graph)
  if (nodes.length === 0) return
  const names = nodes.map(({ name, op }) => `"${name}" (${op})`)
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names
  throw new MobileOneError(
    'unsupported',
    `${place}: model "${graph.name}" works on sequences of tokens, for which there is nothing here: ${shown.join(', ')}; ${remedy}`,
  )
}
