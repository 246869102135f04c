/** A whole network in a safetensors file: nodes, inputs and outputs as JSON in the metadata, weights as tensors under their names. */
import {
  classCount,
  findProblems,
  type Graph,
  MobileOneError,
  type Model,
  type Node,
  spec,
  type Weight,
  withCard,
  withInputs,
  withOutputs,
} from '@mobileone/core'
import type { Checkpoint } from './checkpoint.ts'
import { invalidFile } from './invalid-file.ts'
import { limits } from './limits.ts'
import { checkLabels, readCard, readMetadata } from './metadata.ts'
import type { ModelFromCheckpointOptions } from './model-options.ts'
import { toWeight } from './stored-tensor.ts'

const graphKey = 'mobileone.graph'

type Shapes = Readonly<Record<string, readonly number[]>>

/** Version 1 of what {@link graphKey} holds. */
interface StoredGraph {
  readonly version: 1
  readonly name: string
  readonly inputs: Shapes
  readonly outputs: Readonly<Record<string, string>>
  readonly nodes: readonly Node[]
}

/** The entry of the metadata that makes a file hold the network of `graph` and not its weights alone. Same graph, same text. */
export function graphMetadata({ name, inputs, outputs, nodes }: Graph): Record<string, string> {
  const shapes = Object.entries(inputs).map(([input, { shape }]) => [input, shape] as const)
  const stored: StoredGraph = { version: 1, name, inputs: Object.fromEntries(shapes), outputs, nodes }
  return { [graphKey]: JSON.stringify(stored) }
}

/** Whether the file says that it holds its network. */
export function hasStoredGraph({ metadata }: Checkpoint): boolean {
  return metadata.has(graphKey)
}

/**
 * The model of a file that holds its network, undefined of one that holds weights alone. Weights are views of the checkpoint's bytes
 * wherever those are aligned float32.
 * @throws MobileOneError `invalid-file` where it is no network or its weights are not in the file, `invalid-argument` for options that
 * say what such a file says itself.
 */
export function modelFromStoredGraph(
  checkpoint: Checkpoint,
  options: ModelFromCheckpointOptions,
): Model | undefined {
  const stored = readMetadata(checkpoint.metadata, graphKey)
  if (stored === undefined) return undefined
  for (const option of ['strides', 'prefix'] as const) {
    if (options[option] === undefined) continue
    throw new MobileOneError(
      'invalid-argument',
      `the file holds its whole network, so ${option} cannot be chosen; leave the option out`,
    )
  }
  const { version, name, inputs, outputs, nodes } = stored
  if (version !== 1) {
    return invalidFile(
      `the metadata ${graphKey} is of version ${JSON.stringify(version)}, and this reader knows 1; it may be of a newer release`,
    )
  }
  if (!Array.isArray(nodes) || nodes.length > limits.nodes) {
    return invalidFile(`the metadata ${graphKey} must have a list of at most ${limits.nodes} nodes`)
  }
  const weights: [string, Weight][] = []
  for (const [key, stored] of checkpoint.tensors) weights.push([key, toWeight(stored)])
  const model: Model = {
    name,
    inputs: specs(inputs),
    nodes,
    outputs,
    weights: Object.fromEntries(weights),
  } as Model
  const problems = findProblems(model)
  if (problems.length > 0) {
    const shown = problems.slice(0, limits.listed).map(({ message }) => `  ${message.slice(0, 300)}`)
    const more = problems.length > shown.length ? `\n  and ${problems.length - shown.length} more` : ''
    return invalidFile(`the network in the metadata ${graphKey} is not one:\n${shown.join('\n')}${more}`)
  }
  const card = { ...readCard(checkpoint.metadata, options.size), ...options.card }
  checkLabels(card, classCount(model), model.name, options.card)
  return withOptions(Object.keys(card).length > 0 ? withCard(model, card) : model, options)
}

/** What is no record of shapes goes on as it is, for {@link findProblems} to name. */
function specs(shapes: unknown): unknown {
  if (typeof shapes !== 'object' || shapes === null || Array.isArray(shapes)) return shapes
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, spec(shape as readonly number[])]),
  )
}

function withOptions(model: Model, { name, size, outputs }: ModelFromCheckpointOptions): Model {
  const named = name === undefined ? model : { ...model, name }
  const sized = size === undefined ? named : withInputs(named, resized(named, size))
  if (!outputs) return sized
  return withOutputs(
    sized,
    Object.fromEntries(
      outputs.map((output) => [
        output,
        Object.hasOwn(model.outputs, output) ? (model.outputs[output] as string) : output,
      ]),
    ),
  )
}

function resized(model: Model, size: readonly [number, number]): Shapes {
  const images = Object.entries(model.inputs).filter(([, { shape }]) => shape.length === 4)
  if (images.length === 1) {
    const [name, { shape }] = images[0] as (typeof images)[0]
    return { [name]: [...shape.slice(0, 2), ...size] }
  }
  throw new MobileOneError(
    'invalid-argument',
    `size is of a network with one image; "${model.name}" has ${images.length}; use withInputs`,
  )
}
