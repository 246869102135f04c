import {
  type Form,
  imagenetPreprocess,
  type MobileOneConfig,
  type Model,
  type ModelCard,
  mobileone,
  validate,
  type Weight,
} from '@mobileone/core'
import { countBatches, withBatchCounts } from './batch-counts.ts'
import { checkKeys, type RenamedKeys } from './check-keys.ts'
import type { Checkpoint } from './checkpoint.ts'
import { assumedStrides, inferConfig, type Strides } from './infer-config.ts'
import { checkLabels, readCard, readNetwork } from './metadata.ts'
import type { ModelFromCheckpointOptions } from './model-options.ts'
import { detectNaming, findNaming } from './naming/detect-naming.ts'
import { type NamingName, namings } from './naming/namings.ts'
import { batchCounter, isAverageCounter, translateKey } from './naming/translate-key.ts'
import { hasStoredGraph, modelFromStoredGraph } from './stored-graph.ts'
import { type StoredTensor, toWeight } from './stored-tensor.ts'

/** What the names and shapes of a checkpoint tell. */
export interface Inspected {
  readonly naming: NamingName
  readonly prefix: string
  readonly form: Form
  readonly config: MobileOneConfig
  /** What was assumed because nothing in the file tells it, in sentences. */
  readonly assumptions: readonly string[]
}

/**
 * Read naming, form and configuration from names and shapes, without touching an element.
 * @throws MobileOneError `missing-weights` when the names are not of a MobileOne.
 */
export function inspectCheckpoint(
  checkpoint: Checkpoint,
  options: Pick<ModelFromCheckpointOptions, 'name' | 'size' | 'strides' | 'prefix'> = {},
): Inspected {
  const { naming, prefix, found } = rename(checkpoint, options.prefix)
  return { naming, prefix, ...infer(checkpoint, found, options) }
}

/**
 * Whether the checkpoint is for {@link modelFromCheckpoint}: it holds its network, or its keys are those of a MobileOne. Others may be of an
 * architecture: `modelOfArchitecture` of `@mobileone/checkpoint/architectures`.
 */
export function holdsMobileOne(checkpoint: Checkpoint, prefix?: string): boolean {
  if (hasStoredGraph(checkpoint)) return true
  const detected = findNaming(checkpoint.tensors.keys(), prefix)
  if (!detected) return false
  const first = translateKey(namings.canonical, detected.naming, 'stage1.0.weight')
  // A folded RepVGG has timm's names of a folded MobileOne; its blocks are dense.
  return (checkpoint.tensors.get(`${detected.prefix}${first}`)?.shape[1] ?? 1) === 1
}

/**
 * The model a checkpoint holds, in the form it has there (train or deploy): the MobileOne that its keys and shapes tell, or the
 * network that the file holds beside the weights (`toSafetensors`, option `graph`). Weights are views of the checkpoint's bytes wherever
 * those are aligned float32 or int8.
 * @throws MobileOneError `missing-weights` listing every missing, extra and mis-shaped key by its name in the file.
 */
export function modelFromCheckpoint(checkpoint: Checkpoint, options: ModelFromCheckpointOptions = {}): Model {
  const stored = modelFromStoredGraph(checkpoint, options)
  if (stored) return stored
  const keys = rename(checkpoint, options.prefix)
  const { form, config, assumptions } = infer(checkpoint, keys.found, options)
  const full = mobileone(config, { form })
  const graph = options.outputs ? mobileone(config, { form, outputs: options.outputs }) : full
  checkKeys(graph, full, keys, checkpoint.notes)

  const weights: Record<string, Weight> = {}
  for (const name of Object.keys(graph.weights)) weights[name] = toWeight(keys.found.get(name)!)
  const card = toCard(checkpoint, config, options)
  const model: Model = { ...graph, weights, card: withBatchCounts(card, countBatches(keys.counters)) }
  validate(model)
  for (const assumption of assumptions) options.onWarning?.(assumption)
  return model
}

function rename(
  checkpoint: Checkpoint,
  wantedPrefix: string | undefined,
): RenamedKeys & { readonly naming: NamingName; readonly counters: ReadonlyMap<string, StoredTensor> } {
  const { naming, prefix } = detectNaming(checkpoint.tensors.keys(), wantedPrefix)
  const found = new Map<string, StoredTensor>()
  const counters = new Map<string, StoredTensor>()
  const extra: string[] = []
  for (const [key, stored] of checkpoint.tensors) {
    const ours = key.startsWith(prefix)
    if (!ours && wantedPrefix !== undefined) continue
    if (!ours && isAverageCounter(key, prefix)) continue
    const canonical = ours ? translateKey(naming, namings.canonical, key.slice(prefix.length)) : undefined
    if (canonical?.endsWith(`.${batchCounter}`)) {
      counters.set(canonical, stored)
      continue
    }
    if (canonical === undefined || found.has(canonical)) extra.push(key)
    else found.set(canonical, stored)
  }
  const own = (name: string): string => translateKey(namings.canonical, naming, name) ?? name
  return { naming: naming.name, prefix, own, found, extra, counters }
}

function infer(
  checkpoint: Checkpoint,
  found: ReadonlyMap<string, StoredTensor>,
  options: ModelFromCheckpointOptions,
): Omit<Inspected, 'naming' | 'prefix'> {
  const network = readNetwork(checkpoint.metadata)
  const form: Form = found.has('stem.weight') ? 'deploy' : 'train'
  const shapes = new Map([...found].map(([name, { shape }]) => [name, shape]))
  const strides: Strides = {
    stem: options.strides?.stem ?? network.strides?.stem,
    stages: options.strides?.stages ?? network.strides?.stages,
  }
  const config = inferConfig(shapes, form, {
    name: options.name ?? network.name,
    size: options.size ?? network.size,
    strides,
  })
  return { form, config, assumptions: assumedStrides(config, form, strides) }
}

function toCard(
  checkpoint: Checkpoint,
  config: MobileOneConfig,
  { card: given, size: wanted }: ModelFromCheckpointOptions,
): ModelCard {
  const stored = readCard(checkpoint.metadata, wanted)
  const { channels, size } = config.input
  const preprocess = channels === 3 ? imagenetPreprocess(size, channels) : undefined
  const card: ModelCard = { ...(preprocess && { preprocess }), ...stored, ...given }
  checkLabels(card, config.classes, config.name, given)
  return card
}
