import { isMobileOneError, MobileOneError, type Model, spec, validate, withOutputs } from '@mobileone/core'
import { cardFromMetadata } from './card.ts'
import { decodeModel } from './decode.ts'
import { elementwiseRules } from './import/elementwise.ts'
import { ImportGraph } from './import/import-graph.ts'
import { layerRules, type Rule } from './import/layers.ts'
import { shapeRules } from './import/shape-ops.ts'
import { limits } from './limits.ts'
import { dataType, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxValue } from './proto.ts'

/** What a file leaves open: the name, and sizes of axes. */
export interface FromOnnxOptions {
  /** Name of the model; otherwise the name of the file's graph. */
  readonly name?: string
  /** Size of axis 0 where the file leaves it open. Default 1. */
  readonly batch?: number
  /** Height and width of inputs of four axes where the file leaves them open. */
  readonly size?: readonly [height: number, width: number]
  /** Shapes of inputs, by name, where the file leaves more than that open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>
}

/** The rule of each op. A function, so that a bundle which only writes ONNX leaves the reader out. */
function importRules(): ReadonlyMap<string, Rule> {
  return new Map(Object.entries({ ...layerRules, ...elementwiseRules, ...shapeRules }))
}

/**
 * Read an ONNX file whose network is made of the ops a `Model` has, in the forms PyTorch and this package write them.
 * Weights are copied; float16, bfloat16 and float64 become float32.
 * @throws MobileOneError `unsupported` naming the ops or the node that cannot be read, `invalid-file` for damaged bytes,
 * `invalid-argument` where the file leaves an input's shape open and the options do not give it.
 */
export function fromOnnx(bytes: Uint8Array, options: FromOnnxOptions = {}): Model {
  try {
    const model = importModel(decodeModel(bytes), bytes.byteLength, options)
    validate(model)
    return model
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'invalid-model') throw error
    throw new MobileOneError('invalid-file', `the ONNX graph does not fit together: ${error.message}`, {
      cause: error,
    })
  }
}

function importModel(file: OnnxModel, byteLength: number, options: FromOnnxOptions): Model {
  const opset = file.opsets.find(({ domain }) => domain === '')?.version ?? 0
  if (opset < 7) {
    throw new MobileOneError(
      'unsupported',
      `the file uses opset ${opset || 'none'} of the standard operators; opset 7 or later can be read (export again at 17)`,
    )
  }
  const { graph } = file
  const initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]))
  const inputs = graph.inputs.filter(({ name }) => !initializers.has(name))
  if (inputs.length > limits.values) {
    throw new MobileOneError(
      'unsupported',
      `cannot import this ONNX graph: it has ${inputs.length} inputs, and at most ${limits.values} are supported`,
    )
  }
  checkNames(graph, inputs)
  for (const name of Object.keys(options.shapes ?? {})) {
    if (!inputs.some((input) => input.name === name)) {
      const known = inputs.map((input) => `"${input.name}"`).join(', ')
      throw new MobileOneError('invalid-argument', `the file has no input "${name}"; its inputs are ${known}`)
    }
  }

  const nodes = neededNodes(graph)
  const rules = importRules()
  refuseUnknownOps(nodes, rules)
  const read = new Set([...graph.outputs.map(({ name }) => name), ...nodes.flatMap((node) => node.inputs)])
  const built = new ImportGraph(opset, initializers, soleReaders(nodes, graph.outputs), read, byteLength)
  const specs = inputs
    .filter(({ name }) => read.has(name))
    .map((input) => {
      const shape = inputShape(input, options)
      built.addInput(input.name, shape)
      return [input.name, spec(shape)] as const
    })
  // Constants first: a pattern may look ahead to one that the file puts between its nodes.
  const constants = nodes.filter((node) => node.op === 'Constant')
  for (const node of [...constants, ...nodes.filter((node) => node.op !== 'Constant')]) {
    built.set(node, (rules.get(node.op) as Rule)(built, node))
  }

  const outputs = graph.outputs.map(({ name }) => {
    const found = built.find(name)
    if (found === undefined)
      throw new MobileOneError('invalid-file', `nothing makes the output "${name}" of the ONNX graph`)
    const value = built.settled(found)
    if (value.kind !== 'made') {
      throw new MobileOneError(
        'unsupported',
        `cannot import the output "${name}": it is a constant or half of a pattern`,
      )
    }
    return [name, value.name] as const
  })
  const card = cardFromMetadata(file.metadata, file.docString)
  const shown = Object.fromEntries(outputs)
  // A node whose shape alone was read leaves nothing that needs its value.
  const model = {
    name: options.name ?? (graph.name || 'onnx'),
    inputs: Object.fromEntries(specs),
    nodes: built.nodes,
    outputs: shown,
    weights: Object.fromEntries(built.weights),
    ...(card && { card }),
  }
  return withOutputs(model, shown)
}

/** Each name must mean one thing, and a node must stand after the nodes it reads: ONNX's own rules. */
function checkNames(graph: OnnxGraph, inputs: readonly OnnxValue[]): void {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-file', `the ONNX graph is not well formed: ${message}`)
  }
  const made = new Set(graph.initializers.map((tensor) => tensor.name))
  if (made.size !== graph.initializers.length) fail('two initialisers have one name')
  for (const { name } of inputs) {
    if (made.has(name)) fail(`two inputs are named "${name}"`)
    made.add(name)
  }
  const producers = new Map(
    graph.nodes.flatMap((node, index) => node.outputs.map((name) => [name, index] as const)),
  )
  for (const [index, node] of graph.nodes.entries()) {
    const here = `node ${index} "${node.name}" (${node.op})`
    if (!node.outputs[0]) fail(`${here} has no output`)
    for (const name of node.inputs) {
      if (name === '' || made.has(name)) continue
      const later = producers.get(name)
      fail(
        later === undefined
          ? `${here} reads "${name}", which nothing makes`
          : `${here} reads "${name}", which node ${later} makes later; the nodes form a cycle or are out of order`,
      )
    }
    for (const name of node.outputs) {
      if (name === '') continue
      if (made.has(name)) fail(`${here} makes "${name}", which exists already`)
      made.add(name)
    }
  }
}

/** The nodes that some output depends on, in order. */
function neededNodes(graph: OnnxGraph): readonly OnnxNode[] {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const nodes: OnnxNode[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    nodes.push(node)
    for (const name of node.inputs) needed.add(name)
  }
  return nodes.reverse()
}

/** The node that alone reads a value, for the values that one node reads and no output shows. */
function soleReaders(
  nodes: readonly OnnxNode[],
  outputs: readonly OnnxValue[],
): ReadonlyMap<string, OnnxNode> {
  const readers = new Map<string, OnnxNode>()
  const others = new Set(outputs.map(({ name }) => name))
  for (const node of nodes) {
    for (const name of new Set(node.inputs)) {
      if (readers.has(name)) others.add(name)
      readers.set(name, node)
    }
  }
  for (const name of others) readers.delete(name)
  return readers
}

function refuseUnknownOps(nodes: readonly OnnxNode[], rules: ReadonlyMap<string, Rule>): void {
  const unknown = new Map<string, string[]>()
  for (const node of nodes) {
    if (node.domain === '' && rules.has(node.op)) continue
    const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`
    const names = unknown.get(op) ?? []
    unknown.set(op, names)
    names.push(node.name || (node.outputs[0] as string))
  }
  if (unknown.size === 0) return
  const list = [...unknown].slice(0, 20).map(([op, names]) => {
    const shown = names.slice(0, 3).map((name) => `"${name}"`)
    return `${op} (${shown.join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''})`
  })
  if (unknown.size > list.length) list.push(`${unknown.size - list.length} more ops`)
  throw new MobileOneError(
    'unsupported',
    `cannot import this ONNX graph: it uses ${list.join(', ')}; the ops that can be read are ${[...rules.keys()].sort().join(', ')}`,
  )
}

function inputShape(input: OnnxValue, options: FromOnnxOptions): readonly number[] {
  const floats: readonly number[] = [dataType.float, dataType.float16, dataType.bfloat16, dataType.double]
  if (!floats.includes(input.elementType)) {
    throw new MobileOneError(
      'unsupported',
      `cannot import the input "${input.name}" of element type ${input.elementType} (TensorProto.DataType); ` +
        'inputs must be float: export without preprocessing in the graph',
    )
  }
  const given =
    options.shapes && Object.hasOwn(options.shapes, input.name) ? options.shapes[input.name] : undefined
  const isImage = input.shape?.length === 4
  const fillers = [options.batch ?? 1, undefined, ...(isImage ? (options.size ?? []) : [])]
  const shape = given ?? input.shape?.map((size, axis) => (typeof size === 'number' ? size : fillers[axis]))
  if (shape && shape.length > limits.rank) {
    throw new MobileOneError(
      'unsupported',
      `cannot import the input "${input.name}" of ${shape.length} axes; at most ${limits.rank} are supported`,
    )
  }
  if (!shape?.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size > 0)) {
    const known = input.shape?.map((size) => size ?? '?').join(', ')
    throw new MobileOneError(
      'invalid-argument',
      `the input "${input.name}" has the shape ${known === undefined ? 'unknown' : `[${known}]`}; give whole sizes: ` +
        `fromOnnx(bytes, { shapes: { "${input.name}": [1, 3, 224, 224] } }), or size: [224, 224] for height and width alone`,
    )
  }
  return shape as readonly number[]
}
