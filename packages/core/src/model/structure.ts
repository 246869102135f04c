/** Whether a value from elsewhere has the form of a graph at all, so that what reads it afterwards need not ask. */
import type { Graph, Op } from './model.ts'
import { ops } from './ops.ts'

/** One thing wrong with a graph. */
export interface Problem {
  /** The node, input, output or weight at fault. */
  readonly where: string
  readonly message: string
}

/**
 * What keeps `value` from being a {@link Graph}: missing or mistyped fields of the graph, its nodes, inputs, outputs and weights.
 * Empty where every field has its type; whether they fit together is another question, see `findProblems`.
 */
export function findMalformed(value: unknown): readonly Problem[] {
  const problems: Problem[] = []
  const report = (where: string, message: string): void => {
    problems.push({ where, message })
  }
  if (!isRecord(value)) return [{ where: 'model', message: `a model is an object, not ${describe(value)}` }]
  const { name, inputs, nodes, outputs, weights } = value
  if (typeof name !== 'string') report('name', `the model's name must be a text, not ${describe(name)}`)
  for (const [what, record] of Object.entries({ inputs, outputs, weights })) {
    if (!isRecord(record)) report(what, `the model's ${what} must be an object, not ${describe(record)}`)
  }
  for (const [what, record] of Object.entries({ input: inputs, weight: weights })) {
    for (const [key, spec] of isRecord(record) ? Object.entries(record) : []) {
      const problem = specProblem(spec)
      if (problem) report(key, `the ${what} "${key}" ${problem}`)
    }
  }
  for (const [key, shown] of isRecord(outputs) ? Object.entries(outputs) : []) {
    if (typeof shown !== 'string') {
      report(key, `the output "${key}" must name a value, not be ${describe(shown)}`)
    }
  }
  if (!Array.isArray(nodes)) report('nodes', `the model's nodes must be a list, not ${describe(nodes)}`)
  else for (const [index, node] of Array.from(nodes as unknown[]).entries()) checkNode(node, index, report)
  return problems
}

function specProblem(spec: unknown): string | undefined {
  if (!isRecord(spec)) return `must be a tensor, not ${describe(spec)}`
  const { dtype, shape, data } = spec
  if (!isNumbers(shape)) return `has no shape: it must be a list of numbers, not ${describe(shape)}`
  const arrays = { float32: Float32Array, float64: Float64Array, int8: Int8Array }
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype)) {
    return `must be of ${Object.keys(arrays).join(', ')}, not ${describe(dtype)}`
  }
  const Wanted = arrays[dtype as keyof typeof arrays]
  if (data !== undefined && !(data instanceof Wanted)) {
    return `of ${dtype} must hold a ${Wanted.name}, not ${describe(data)}`
  }
  return undefined
}

function checkNode(node: unknown, index: number, report: (where: string, message: string) => void): void {
  if (!isRecord(node)) {
    report(`nodes[${index}]`, `node ${index} must be an object, not ${describe(node)}`)
    return
  }
  const { name, op, inputs } = node
  const where = typeof name === 'string' ? name : `nodes[${index}]`
  const here = typeof name === 'string' ? `node "${name}"` : `node ${index}`
  if (typeof name !== 'string') report(where, `${here}: its name must be a text, not ${describe(name)}`)
  if (typeof op !== 'string') report(where, `${here}: its op must be a text, not ${describe(op)}`)
  if (!Array.isArray(inputs) || !inputs.every((input) => typeof input === 'string')) {
    report(where, `${here}: its inputs must be a list of value names, not ${describe(inputs)}`)
  }
  if (typeof op !== 'string' || !Object.hasOwn(ops, op)) return
  for (const { role, optional } of ops[op as Op].weights) {
    const weight = node[role]
    if (typeof weight === 'string' || (optional && weight === undefined)) continue
    report(where, `${here}: its ${role} must name a weight, not be ${describe(weight)}`)
  }
  for (const [field, isGood] of Object.entries(attributeTypes[op as Op] ?? {})) {
    if (!isGood(node[field])) report(where, `${here}: its ${field} is ${describe(node[field])}`)
  }
}

const isPair = (value: unknown): boolean => isNumbers(value) && value.length === 2
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isNumber = (value: unknown): boolean => typeof value === 'number'
const optional =
  (isGood: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isGood(value)

const attributeTypes: { readonly [K in Op]?: Readonly<Record<string, (value: unknown) => boolean>> } = {
  conv2d: { stride: isPair, padding: isPair, dilation: isPair, groups: isNumber },
  batchNorm: { epsilon: isNumber },
  affine: { scale: isNumber, offset: isNumber },
  maxPool: { kernel: isPair, stride: isPair, padding: isPair },
  upsample: {
    mode: (value) => value === 'nearest' || value === 'bilinear',
    alignCorners: optional(isBoolean),
    scale: optional(isPair),
    size: optional(isPair),
  },
  concat: { axis: isNumber },
  slice: { axis: isNumber, start: isNumber, end: isNumber },
  channelShuffle: { groups: isNumber },
  layerNorm: { epsilon: isNumber },
  matmul: { transposeB: optional(isBoolean), scale: optional(isNumber) },
  reshape: { shape: isNumbers },
  transpose: { permutation: isNumbers },
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && Array.from(value).every((item) => typeof item === 'number')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  if (typeof value === 'object' || typeof value === 'function') return `a ${typeof value}`
  return String(value)
}
