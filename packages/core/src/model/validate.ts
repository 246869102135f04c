import { MobileOneError } from '../errors.ts'
import { type Graph, type Node, weightRoles } from './model.ts'
import { outputShape } from './shapes.ts'
import { elementCount, formatShape, type TensorSpec } from './tensor.ts'

/** One thing wrong with a graph. */
export interface Problem {
  /** The node, input, output or weight at fault. */
  readonly where: string
  readonly message: string
}

/** How many inputs each op reads; also the list of known ops. */
const inputCounts: Readonly<Record<Node['op'], number>> = {
  conv2d: 1,
  batchNorm: 1,
  linear: 1,
  relu: 1,
  sigmoid: 1,
  silu: 1,
  gelu: 1,
  add: 2,
  mul: 2,
  globalAvgPool: 1,
  flatten: 1,
  softmax: 1,
}

/**
 * Every problem of `graph`: unknown ops, missing or mis-shaped weights, values read before they are made, cycles,
 * duplicate names, outputs that do not exist, values and weights nobody uses. Empty for a well-formed graph.
 */
export function findProblems(graph: Graph): readonly Problem[] {
  const problems: Problem[] = []
  const report = (where: string, message: string): void => {
    problems.push({ where, message })
  }

  const made = new Map<string, readonly number[] | undefined>()
  const read = new Set<string>()
  const usedWeights = new Set<string>()
  const nodeNames = new Set(graph.nodes.map((node) => node.name))
  const order = new Map(graph.nodes.map((node, index) => [node.name, index]))

  for (const [name, input] of Object.entries(graph.inputs)) {
    if (nodeNames.has(name)) report(name, `"${name}" names both an input and a node`)
    if (input.dtype !== 'float32') report(name, `input "${name}" must be float32, not ${input.dtype}`)
    const bad = badSize(input)
    if (bad) report(name, `input "${name}": ${bad}`)
    made.set(name, bad ? undefined : input.shape)
  }
  if (Object.keys(graph.inputs).length === 0) report(graph.name, 'the model has no input')
  if (Object.keys(graph.outputs).length === 0) report(graph.name, 'the model has no output')

  const seen = new Set<string>()
  for (const [index, node] of graph.nodes.entries()) {
    const here = `node "${node.name}" (${node.op})`
    if (node.name === '') report(node.name, `node ${index} (${node.op}) has an empty name`)
    if (seen.has(node.name)) report(node.name, `${here}: another node has the same name`)
    seen.add(node.name)
    if (!Object.hasOwn(inputCounts, node.op)) {
      report(node.name, `${here}: unknown op; the known ops are ${Object.keys(inputCounts).join(', ')}`)
      made.set(node.name, undefined)
      continue
    }
    const wanted = inputCounts[node.op]
    if (node.inputs.length !== wanted) {
      report(
        node.name,
        `${here}: expects ${wanted} input${wanted === 1 ? '' : 's'}, has ${node.inputs.length}`,
      )
    }
    for (const name of node.inputs) {
      read.add(name)
      if (made.has(name)) continue
      const position = order.get(name)
      if (position === undefined)
        report(node.name, `${here}: reads "${name}", which is neither an input nor a node`)
      else if (reaches(graph, node.name, name))
        report(node.name, `${here}: is part of a cycle through "${name}"`)
      else
        report(
          node.name,
          `${here}: reads "${name}", which is made later; nodes must stand in execution order`,
        )
    }
    for (const [role, name] of weightRoles(node)) {
      usedWeights.add(name)
      if (!Object.hasOwn(graph.weights, name)) {
        report(node.name, `${here}: the ${role} "${name}" is not among the model's weights`)
      }
    }
    made.set(node.name, shapeOrReport(graph, node, made, wanted, report))
  }

  for (const [name, value] of Object.entries(graph.outputs)) {
    read.add(value)
    if (!made.has(value))
      report(name, `output "${name}" shows "${value}", which is neither an input nor a node`)
  }
  for (const name of made.keys()) {
    if (!read.has(name)) report(name, `"${name}" is never used; remove it or name it as an output`)
  }
  for (const [name, weight] of Object.entries(graph.weights)) {
    if (!usedWeights.has(name)) report(name, `the weight "${name}" is never used`)
    const bad = badSize(weight) ?? wrongLength(weight)
    if (bad) report(name, `the weight "${name}": ${bad}`)
  }
  return problems
}

/**
 * Check that `graph` is well formed.
 * @throws MobileOneError `invalid-model` listing every problem.
 */
export function validate(graph: Graph): void {
  const problems = findProblems(graph)
  if (problems.length === 0) return
  const lines = problems.map((problem) => `  ${problem.message}`)
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  throw new MobileOneError('invalid-model', `model "${graph.name}" has ${count}:\n${lines.join('\n')}`)
}

function shapeOrReport(
  graph: Graph,
  node: Node,
  made: ReadonlyMap<string, readonly number[] | undefined>,
  wanted: number,
  report: (where: string, message: string) => void,
): readonly number[] | undefined {
  const inputs = node.inputs.map((name) => made.get(name))
  if (inputs.length !== wanted || inputs.some((shape) => shape === undefined)) return undefined
  if (weightRoles(node).some(([, name]) => !Object.hasOwn(graph.weights, name))) return undefined
  try {
    return outputShape(graph, node, inputs as (readonly number[])[])
  } catch (error) {
    report(node.name, (error as Error).message)
    return undefined
  }
}

/** True when following inputs from `target` leads to `from`. */
function reaches(graph: Graph, from: string, target: string): boolean {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const pending = [target]
  const visited = new Set<string>()
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === from) return true
    if (visited.has(name)) continue
    visited.add(name)
    pending.push(...(byName.get(name)?.inputs ?? []))
  }
  return false
}

function badSize(spec: TensorSpec): string | undefined {
  if (!Array.isArray(spec?.shape)) return 'has no shape'
  const fits = spec.shape.every((size) => Number.isSafeInteger(size) && size >= 1)
  return fits ? undefined : `every size must be a whole number of at least 1, got ${formatShape(spec.shape)}`
}

function wrongLength(weight: TensorSpec): string | undefined {
  const data = (weight as { data?: ArrayLike<number> }).data
  if (data === undefined || data.length === elementCount(weight.shape)) return undefined
  return `has shape ${formatShape(weight.shape)} but holds ${data.length} elements`
}
