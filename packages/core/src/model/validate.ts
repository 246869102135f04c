import { MobileOneError } from '../errors.ts'
import { componentsOf } from './cycles.ts'
import type { Graph, Node } from './model.ts'
import { opFacts, opNames, ops, weightRoles } from './ops.ts'
import { outputShape } from './shapes.ts'
import { findMalformed, type Problem } from './structure.ts'
import { elementCount, formatShape, type QuantizedTensor, type TensorSpec } from './tensor.ts'

/**
 * Every problem of `graph`: unknown ops, missing or mis-shaped weights, values read before they are made, cycles,
 * duplicate names, outputs that do not exist, values and weights nobody uses. Empty for a well-formed graph. Takes any value: what is
 * no graph at all is said, and then the rest is not looked at.
 */
export function findProblems(graph: Graph): readonly Problem[] {
  const malformed = findMalformed(graph)
  if (malformed.length > 0) return malformed
  const problems: Problem[] = []
  const report = (where: string, message: string): void => {
    problems.push({ where, message })
  }

  const made = new Map<string, readonly number[] | undefined>()
  const read = new Set<string>()
  const usedWeights = new Set<string>()
  const nodeNames = new Set(graph.nodes.map((node) => node.name))
  let components: ReadonlyMap<string, number> | undefined
  const inOneCycle = (a: string, b: string): boolean => {
    components ??= componentsOf(graph)
    return components.get(a) === components.get(b)
  }

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
    if (!Object.hasOwn(ops, node.op)) {
      report(node.name, `${here}: unknown op; the known ops are ${opNames.join(', ')}`)
      made.set(node.name, undefined)
      continue
    }
    const { arity, variadic } = opFacts(node)
    const count = node.inputs.length
    const fits = count === arity || (variadic === true && count > arity)
    if (!fits) {
      const wanted = `${variadic ? 'at least ' : ''}${arity} input${arity === 1 ? '' : 's'}`
      report(node.name, `${here}: expects ${wanted}, has ${count}`)
    }
    for (const name of node.inputs) {
      read.add(name)
      if (made.has(name)) continue
      if (!nodeNames.has(name))
        report(node.name, `${here}: reads "${name}", which is neither an input nor a node`)
      else if (inOneCycle(node.name, name)) report(node.name, `${here}: is part of a cycle through "${name}"`)
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
    made.set(node.name, fits ? shapeOrReport(graph, node, made, report) : undefined)
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
    const bad = badSize(weight) ?? wrongLength(weight) ?? badQuantization(weight)
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
  const name = (graph as Partial<Graph> | null | undefined)?.name
  throw new MobileOneError('invalid-model', `model "${name}" has ${count}:\n${lines.join('\n')}`)
}

function shapeOrReport(
  graph: Graph,
  node: Node,
  made: ReadonlyMap<string, readonly number[] | undefined>,
  report: (where: string, message: string) => void,
): readonly number[] | undefined {
  const inputs = node.inputs.map((name) => made.get(name))
  if (inputs.some((shape) => shape === undefined)) return undefined
  if (weightRoles(node).some(([, name]) => !Object.hasOwn(graph.weights, name))) return undefined
  try {
    return outputShape(graph, node, inputs as (readonly number[])[])
  } catch (error) {
    report(node.name, (error as Error).message)
    return undefined
  }
}

function badSize(spec: TensorSpec): string | undefined {
  const fits = spec.shape.every((size) => Number.isSafeInteger(size) && size >= 1)
  return fits ? undefined : `every size must be a whole number of at least 1, got ${formatShape(spec.shape)}`
}

function wrongLength(weight: TensorSpec): string | undefined {
  const data = (weight as { data?: ArrayLike<number> }).data
  if (data === undefined || data.length === elementCount(weight.shape)) return undefined
  return `has shape ${formatShape(weight.shape)} but holds ${data.length} elements`
}

function badQuantization(weight: TensorSpec): string | undefined {
  if (weight.dtype !== 'int8' || !('data' in weight)) return undefined
  const { shape, data, scales, zeroPoints, diagonal, inputSteps } = weight as QuantizedTensor
  const channels = shape[0] ?? 0
  if (!(scales instanceof Float32Array) || scales.length !== channels) {
    return `is int8 and needs one float32 scale for each of its ${channels} output channels`
  }
  if (zeroPoints && (!(zeroPoints instanceof Int8Array) || zeroPoints.length !== channels)) {
    return `needs one int8 zero point for each of its ${channels} output channels, or none`
  }
  if (inputSteps) {
    const count = shape[1] ?? 0
    if (elementCount(shape) !== channels * count) return 'is not pointwise, so it can have no input steps'
    if (!(inputSteps instanceof Float32Array) || inputSteps.length !== count) {
      return `needs one float32 input step for each of its ${count} input channels, or none`
    }
    if (
      inputSteps.some(
        (step) => !(step > 0 && Number.isFinite(step) && Number.isFinite(Math.fround(1 / step))),
      )
    ) {
      return 'has an input step that is not positive, or too large or too small to divide by'
    }
    if (zeroPoints) return 'has input steps, so it can have no zero points'
    if (data.includes(-128)) return 'has input steps, so its elements are from -127 to 127, but there is -128'
  }
  if (!diagonal) return undefined
  if (elementCount(shape) !== channels * channels) return 'is not square, so it can have no diagonal'
  if (diagonal instanceof Float32Array && diagonal.length === channels) return undefined
  return `needs a diagonal of one float32 for each of its ${channels} output channels, or none`
}
