import {
  elementCount,
  type Form,
  formatShape,
  type Graph,
  headOf,
  MobileOneError,
  type Model,
  sameShape,
  validate,
  type Weight,
  withCard,
  withOutputs,
} from '@mobileone/core'
import { checkKeys } from '../check-keys.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { checkLabels, readCard } from '../metadata.ts'
import type { ModelFromCheckpointOptions } from '../model-options.ts'
import { batchCounter, isAverageCounter } from '../naming/translate-key.ts'
import { contiguousStrides, type StoredTensor, toWeight } from '../stored-tensor.ts'
import type { Architecture, ArchitectureNaming } from './architecture.ts'

/** One architecture in one form and naming, held against a checkpoint. */
interface Candidate {
  readonly architecture: Architecture
  readonly form: Form
  readonly naming: ArchitectureNaming | undefined
  readonly graph: Graph
  /** The key, without the prefix, of a weight of the graph. */
  readonly own: (name: string) => string
  readonly prefix: string
  /** The share of all keys, the file's and the network's, that are in both with one shape. */
  readonly likeness: number
}

/** Below it, the keys are of something else. */
const leastLikeness = 0.5

/**
 * The model a checkpoint holds, in the form it has there, where it is one of `architectures`: the one that most of its keys and shapes are of,
 * with the classes and input channels of the checkpoint. Of several that fit alike the first; `onWarning` hears of the others. Given one, it
 * must be that. Weights are views of the checkpoint's bytes wherever those are aligned float32.
 * @throws MobileOneError `missing-weights` where it is none of them, or listing every missing, extra and mis-shaped key by its name in the file;
 * `invalid-argument` for strides, which an architecture has.
 */
export function modelOfArchitecture(
  checkpoint: Checkpoint,
  architectures: readonly Architecture[],
  options: ModelFromCheckpointOptions = {},
): Model {
  if (options.strides) {
    throw new MobileOneError(
      'invalid-argument',
      `strides are of a MobileOne; ${architectures.length === 1 ? `"${architectures[0]?.name}" has its own` : 'these networks have their own'}`,
    )
  }
  const [best, ...others] = rank(checkpoint, architectures, options)
  if (!best || (architectures.length > 1 && best.likeness < leastLikeness)) refuse(checkpoint, architectures)
  const same = others
    .filter(({ likeness }) => likeness === best.likeness)
    .map((each) => each.architecture.name)
  if (same.length > 0) {
    options.onWarning?.(
      `the weights fit "${best.architecture.name}" and, by names and shapes, ${same.map((name) => `"${name}"`).join(', ')} as well; ` +
        'the first is assumed. Say which where it is another',
    )
  }
  return modelOf(checkpoint, best, options)
}

/** The candidates, those first whose keys are most like the checkpoint's; one for each architecture. */
function rank(
  checkpoint: Checkpoint,
  architectures: readonly Architecture[],
  { size, prefix }: ModelFromCheckpointOptions,
): Candidate[] {
  const isCounter = (key: string): boolean => key.endsWith(batchCounter)
  const keys = [...checkpoint.tensors.keys()].filter((key) => !isCounter(key))
  const form: Form = keys.some((key) => key.endsWith('.running_var')) ? 'train' : 'deploy'
  const best = architectures.map((architecture) => {
    const namings = [undefined, ...(architecture.namings ?? [])]
    const candidates = namings.map((naming) => {
      const graph = architecture.build({ form, size, epsilon: naming?.epsilon })
      return compare(checkpoint, keys, prefix, { architecture, form, naming, graph, own: namesOf(naming) })
    })
    return candidates.reduce((a, b) => (b.likeness > a.likeness ? b : a))
  })
  return best.sort((a, b) => b.likeness - a.likeness)
}

function namesOf(naming: ArchitectureNaming | undefined): (name: string) => string {
  if (!naming) return (name) => name
  const modules = naming.modules()
  return (name) => {
    const dot = name.lastIndexOf('.')
    const module = modules.get(name.slice(0, dot))
    return module === undefined ? name : `${module}${name.slice(dot)}`
  }
}

function compare(
  { tensors }: Checkpoint,
  keys: readonly string[],
  wantedPrefix: string | undefined,
  parts: Omit<Candidate, 'prefix' | 'likeness'>,
): Candidate {
  const { graph, own } = parts
  const names = Object.keys(graph.weights)
  const prefix = wantedPrefix ?? findPrefix(keys, own(names[0] ?? ''))
  const { stem, head, headBias } = endsOf(graph)
  const matched = names.filter((name) => {
    const stored = tensors.get(prefix + own(name))
    const isOpen = name === stem || name === head || name === headBias
    return stored && (isOpen || sameShape(squeezed(stored.shape), squeezed(graph.weights[name]?.shape ?? [])))
  }).length
  const wanted = keys.filter((key) => key.startsWith(prefix)).length
  return { ...parts, prefix, likeness: matched / (names.length + wanted - matched) }
}

/** What stands before the key `anchor`, such as `module.`; nothing where it is not there. */
function findPrefix(keys: readonly string[], anchor: string): string {
  const key = keys.find((each) => each === anchor || each.endsWith(`.${anchor}`)) ?? anchor
  return key.slice(0, key.length - anchor.length)
}

/** The weights whose shapes are the checkpoint's to say: of the first layer and of the last. */
function endsOf(graph: Graph): {
  stem: string | undefined
  head: string | undefined
  headBias: string | undefined
} {
  const head = headOf(graph)
  return { stem: Object.keys(graph.weights)[0], head: head?.weight, headBias: head?.bias }
}

/** Without the ones at the end: a linear layer's weight may be stored as that of a 1x1 convolution, and the other way round. */
function squeezed(shape: readonly number[]): readonly number[] {
  let rank = shape.length
  while (rank > 1 && shape[rank - 1] === 1) rank--
  return shape.slice(0, rank)
}

function modelOf(
  checkpoint: Checkpoint,
  { architecture, form, naming, graph: usual, own, prefix }: Candidate,
  options: ModelFromCheckpointOptions,
): Model {
  const { tensors } = checkpoint
  const { stem = '', head = '' } = endsOf(usual)
  const classes = tensors.get(prefix + own(head))?.shape[0]
  const inputChannels = tensors.get(prefix + own(stem))?.shape[1]
  const isCount = (value: number | undefined): value is number => value !== undefined && value >= 1
  const full = architecture.build({
    form,
    ...(isCount(classes) && { classes }),
    ...(isCount(inputChannels) && { inputChannels }),
    size: options.size,
    epsilon: naming?.epsilon,
  })
  const graph = options.outputs ? withOutputs(full, pickOutputs(full, options.outputs)) : full

  const canonical = new Map(Object.keys(full.weights).map((name) => [own(name), name]))
  const found = new Map<string, StoredTensor>()
  const extra: string[] = []
  for (const [key, stored] of tensors) {
    const isOurs = key.startsWith(prefix)
    if (isOurs ? isCounterOf(canonical, key.slice(prefix.length)) : options.prefix !== undefined) continue
    if (!isOurs && isAverageCounter(key, prefix)) continue
    const name = isOurs ? canonical.get(key.slice(prefix.length)) : undefined
    if (name === undefined) extra.push(key)
    else found.set(name, reshaped(stored, full.weights[name]?.shape ?? []))
  }
  checkKeys(graph, full, { naming: naming?.name ?? 'usual', prefix, own, found, extra }, checkpoint.notes)

  const weights: Record<string, Weight> = {}
  for (const name of Object.keys(graph.weights)) {
    const stored = found.get(name)
    if (stored) weights[name] = toWeight(stored)
  }
  const preprocess = graph.card?.preprocess && { ...graph.card.preprocess, ...naming?.preprocess }
  const card = {
    ...(preprocess && { preprocess }),
    ...readCard(checkpoint.metadata, options.size),
    ...options.card,
  }
  checkLabels(card, classes, graph.name, options.card)
  const model: Model = withCard({ ...graph, weights, name: options.name ?? graph.name }, card)
  validate(model)
  return model
}

/** Whether it counts the batches of a normalisation that the network has. */
function isCounterOf(canonical: ReadonlyMap<string, string>, key: string): boolean {
  return key.endsWith(`.${batchCounter}`) && canonical.has(key.replace(batchCounter, 'running_var'))
}

function reshaped(stored: StoredTensor, shape: readonly number[]): StoredTensor {
  const isSame = sameShape(squeezed(stored.shape), squeezed(shape)) && elementCount(shape) > 0
  if (!isSame || sameShape(stored.shape, shape)) return stored
  const strides = contiguousStrides(shape).map((step, axis) => stored.strides[axis] ?? step)
  return { ...stored, shape, strides }
}

/** Outputs by their names; `embedding` is what the last layer reads; others are values. */
function pickOutputs(graph: Graph, outputs: readonly string[]): Record<string, string> {
  const named: Record<string, string | undefined> = { ...graph.outputs, embedding: headOf(graph)?.inputs[0] }
  return Object.fromEntries(
    outputs.map((name) => [name, (Object.hasOwn(named, name) ? named[name] : undefined) ?? name]),
  )
}

function refuse({ tensors }: Checkpoint, architectures: readonly Architecture[]): never {
  const first = [...tensors]
    .slice(0, 5)
    .map(([key, { shape }]) => `${JSON.stringify(key.slice(0, 80))} ${formatShape(shape)}`)
    .join(', ')
  throw new MobileOneError(
    'missing-weights',
    `these are not weights of a MobileOne, nor of ${architectures.map(({ name }) => name).join(', ')}. ` +
      `The first of ${tensors.size} keys are ${first}`,
  )
}
