import { type Naming, namings, type Part } from './namings.ts'

/** PyTorch's counter beside every batch normalisation's statistics. It takes no part in inference. */
export const batchCounter = 'num_batches_tracked'

/** Counters of programs that average weights: `AveragedModel` of PyTorch, `BaseAveragedModel` of mmengine. */
const averageCounters = ['n_averaged', 'steps']

/** Whether `key` counts how often the network under `prefix` was averaged: it lies beside the `module` that holds it. */
export function isAverageCounter(key: string, prefix: string): boolean {
  return averageCounters.some(
    (name) => key.endsWith(name) && prefix.startsWith(`${key.slice(0, -name.length)}module.`),
  )
}

const parameters = new Set(['weight', 'bias', 'running_mean', 'running_var', batchCounter])

/** Where a key belongs, whatever the naming. */
interface Place {
  /** Stage from 1, 0 for the stem, -1 for the head. */
  readonly stage: number
  readonly index: number
  readonly part: Part | undefined
  readonly branch: number
  readonly parameter: string
}

/** `key` of one naming in another, or undefined where `from` has no such key. */
export function translateKey(from: Naming, to: Naming, key: string): string | undefined {
  const place = parse(from, key)
  return place && format(to, place)
}

function parse(naming: Naming, key: string): Place | undefined {
  const dot = key.lastIndexOf('.')
  const module = key.slice(0, Math.max(0, dot))
  const parameter = key.slice(dot + 1)
  if (!parameters.has(parameter)) return undefined
  if (module === naming.head) return { stage: -1, index: 0, part: undefined, branch: 0, parameter }
  if (module === naming.stem || module.startsWith(`${naming.stem}.`)) {
    const part = parsePart(naming, module.slice(naming.stem.length + 1))
    if (part) return { stage: 0, index: 0, ...part, parameter }
  }
  const { prefix, first } = naming.stage
  if (!module.startsWith(prefix)) return undefined
  const match = /^(\d{1,4})\.(\d{1,4})(?:\.(.+))?$/.exec(module.slice(prefix.length))
  if (!match) return undefined
  const stage = Number(match[1]) + 1 - first
  const part = parsePart(naming, match[3] ?? '')
  return part && stage >= 1 ? { stage, index: Number(match[2]), ...part, parameter } : undefined
}

function parsePart(naming: Naming, module: string): { part: Part; branch: number } | undefined {
  const branch = /\.(\d{1,4})(?=\.|$)/.exec(module)
  const template = branch
    ? `${module.slice(0, branch.index)}.{i}${module.slice(branch.index + branch[0].length)}`
    : module
  const part = partsOf.get(naming)?.get(template)
  return part && { part, branch: Number(branch?.[1] ?? 0) }
}

const partsOf = new Map(
  Object.values(namings).map((naming) => [
    naming,
    new Map(Object.entries(naming.parts).map(([part, module]) => [module, part as Part])),
  ]),
)

function format(naming: Naming, { stage, index, part, branch, parameter }: Place): string {
  if (part === undefined) return `${naming.head}.${parameter}`
  const { prefix, first } = naming.stage
  const block = stage === 0 ? naming.stem : `${prefix}${stage - 1 + first}.${index}`
  const module = naming.parts[part].replace('{i}', String(branch))
  return module === '' ? `${block}.${parameter}` : `${block}.${module}.${parameter}`
}
