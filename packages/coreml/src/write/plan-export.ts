import { inferShapes, MobileOneError, type Model } from '@mobileone/core'
import type { CoreMLOptions } from './options.ts'

/** What an export shows, once options and model have been brought together. */
export interface ExportPlan {
  /** The normalisation of an image input. */
  readonly image?: { readonly mean: readonly number[]; readonly std: readonly number[] }
  readonly classifier?: { readonly logits: string; readonly labels: readonly string[] }
  /** Output name and value of every array output. */
  readonly outputs: readonly (readonly [name: string, value: string])[]
}

/** @throws MobileOneError `invalid-argument` where an option does not fit the model. */
export function planExport(model: Model, options: CoreMLOptions): ExportPlan {
  const reject = (message: string): never => {
    throw new MobileOneError('invalid-argument', `cannot write model "${model.name}" for Core ML: ${message}`)
  }
  const shapes = inferShapes(model)
  const [first, ...others] = Object.values(model.inputs)
  const [batch, channels, height, width] = first?.shape ?? []
  const isImage =
    others.length === 0 && first?.shape.length === 4 && batch === 1 && (channels === 1 || channels === 3)
  const preprocess = model.card?.preprocess
  const input = options.input ?? (isImage && preprocess ? 'image' : 'array')
  if (input === 'image') {
    if (!isImage)
      reject(`an image input needs one input [1, 1 or 3, height, width], not ${first?.shape.join('x')}`)
    if (!preprocess) reject('an image input needs mean and std; give the card a preprocess (withCard)')
    for (const [name, values] of [
      ['mean', preprocess?.mean],
      ['std', preprocess?.std],
    ] as const) {
      if (values?.length !== channels || !values?.every((value) => Number.isFinite(value))) {
        reject(`the card's ${name} must be ${channels} numbers, one for each channel`)
      }
    }
    if (preprocess?.std.some((value) => value <= 0)) reject("the card's std must be positive")
    if (preprocess && (preprocess.size[0] !== height || preprocess.size[1] !== width)) {
      reject(
        `the card's preprocessing gives ${preprocess.size.join('x')}, and the input is ${height}x${width}`,
      )
    }
  }

  const candidates = Object.entries(model.outputs).filter(([, value]) => shapes[value]?.length === 2)
  const logits =
    candidates.find(([name]) => name === 'logits') ?? (candidates.length === 1 ? candidates[0] : undefined)
  const labels = model.card?.labels
  const shape = shapes[logits?.[1] ?? '']
  const fits = labels !== undefined && shape?.[0] === 1 && shape[1] === labels.length
  const endsInSoftmax = model.nodes.some(({ name, op }) => name === logits?.[1] && op === 'softmax')
  const output = options.output ?? (fits && !endsInSoftmax ? 'classifier' : 'values')
  if (output === 'classifier') {
    if (!labels) reject("a classifier needs the card's labels (withCard), or output: 'values'")
    if (!logits) reject('a classifier needs an output named logits, or one output [1, classes]')
    if (shape?.[0] !== 1) reject(`a classifier takes one item, and the batch is ${shape?.[0]} (withBatch)`)
    if (shape?.[1] !== labels?.length)
      reject(`the card has ${labels?.length} labels for ${shape?.[1]} classes`)
    if (endsInSoftmax) reject('the model ends in a softmax already; show its logits (withOutputs)')
  }

  const head = model.nodes.find((node) => node.op === 'linear' && node.name === logits?.[1])
  if (options.embedding && !head)
    reject('an embedding is what the last linear layer reads, and the logits are none')
  const classifier =
    output === 'classifier' && logits && labels
      ? { logits: logits[1], labels: distinct(labels, options.duplicateLabels ?? 'suffix', reject) }
      : undefined
  const shown = Object.entries(model.outputs).filter(([name]) => !classifier || name !== logits?.[0])
  const embedding: [string, string][] = options.embedding && head ? [['embedding', head.inputs[0]]] : []
  return {
    ...(input === 'image' && preprocess && { image: preprocess }),
    ...(classifier && { classifier }),
    outputs: [...shown, ...embedding.filter(([name]) => !Object.hasOwn(model.outputs, name))],
  }
}

function distinct(
  labels: readonly string[],
  rule: 'suffix' | 'refuse',
  reject: (message: string) => never,
): readonly string[] {
  const all = new Set(labels)
  const seen = new Set<string>()
  const counts = new Map<string, number>()
  return labels.map((label) => {
    let free = label
    let count = counts.get(label) ?? 1
    while (seen.has(free) || (free !== label && all.has(free))) {
      if (rule === 'refuse') reject(`two classes have the label "${label}", and Core ML keeps one`)
      free = `${label} (${++count})`
    }
    counts.set(label, count)
    seen.add(free)
    return free
  })
}
