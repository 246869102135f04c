/** What a safetensors file written here carries besides the tensors, in `__metadata__`: the model card and what shapes cannot tell. */
import {
  type Graph,
  MobileOneError,
  type ModelCard,
  type Preprocess,
  resizedPreprocess,
} from '@mobileone/core'
import { inferStrides, type Strides, stridesOf } from './infer-config.ts'
import { invalidFile } from './invalid-file.ts'
import { limits } from './limits.ts'

const cardKey = 'mobileone.card'
const networkKey = 'mobileone.network'

export interface StoredNetwork {
  readonly name?: string
  readonly size?: readonly [height: number, width: number]
  readonly strides?: Strides
}

/** The metadata of `model`, deterministic. */
export function toMetadata(model: Graph): Record<string, string> {
  return { format: 'pt', [networkKey]: JSON.stringify(describeNetwork(model)), ...cardMetadata(model.card) }
}

/** The entry of `__metadata__` that holds a card; none without one. */
export function cardMetadata(card: ModelCard | undefined): Record<string, string> {
  return card ? { [cardKey]: JSON.stringify(card) } : {}
}

function describeNetwork(model: Graph): StoredNetwork {
  const [, , height, width] = Object.values(model.inputs)[0]?.shape ?? []
  const strides = model.config ? stridesOf(model.config) : inferStrides(model)
  return {
    name: model.name,
    ...(height !== undefined && width !== undefined && { size: [height, width] as const }),
    ...(strides && { strides }),
  }
}

/**
 * The card, its rule for pictures that for inputs of `size` where that is given.
 * @throws MobileOneError `invalid-file` when the card is there and is not one.
 */
export function readCard(
  metadata: ReadonlyMap<string, string>,
  size?: readonly [height: number, width: number],
): ModelCard | undefined {
  const value = parseMetadata(metadata, cardKey)
  if (value === undefined) return undefined
  const card = toCard(value)
  return size && card.preprocess ? { ...card, preprocess: resizedPreprocess(card.preprocess, size) } : card
}

/** @throws MobileOneError where `card` has another number of labels than there are classes: `invalid-argument` for labels of `given`. */
export function checkLabels(
  { labels }: ModelCard,
  classes: number | undefined,
  name: string,
  given: ModelCard | undefined,
): void {
  if (!labels || classes === undefined || labels.length === classes) return
  throw new MobileOneError(
    given?.labels ? 'invalid-argument' : 'invalid-file',
    `there are ${labels.length} labels for the ${classes} classes of "${name}"`,
  )
}

/** @throws MobileOneError `invalid-file` when the description is there and is not one. */
export function readNetwork(metadata: ReadonlyMap<string, string>): StoredNetwork {
  const value = parseMetadata(metadata, networkKey)
  if (value === undefined) return {}
  const { name, size, strides } = asRecord(value, networkKey)
  const { stem, stages } = strides === undefined ? {} : asRecord(strides, networkKey)
  if (
    !(name === undefined || typeof name === 'string') ||
    !(size === undefined || isSize(size)) ||
    !(stem === undefined || isCount(stem)) ||
    !(stages === undefined || (Array.isArray(stages) && stages.length <= 100 && stages.every(isCount)))
  ) {
    return invalidFile(`the metadata ${networkKey} does not describe a network: ${shorten(value)}`)
  }
  return {
    ...(name !== undefined && { name }),
    ...(size !== undefined && { size }),
    ...(strides !== undefined && { strides: { stem, stages: stages as number[] | undefined } }),
  }
}

function toCard(value: unknown): ModelCard {
  const { description, author, licence, source, preprocess, labels, training, ...rest } = asRecord(
    value,
    cardKey,
  )
  for (const text of [description, author, licence, source]) {
    if (text !== undefined && typeof text !== 'string')
      invalidFile(`the metadata ${cardKey} has a text that is ${shorten(text)}`)
  }
  if (
    labels !== undefined &&
    !(Array.isArray(labels) && labels.every((label) => typeof label === 'string'))
  ) {
    invalidFile(`the metadata ${cardKey} has labels that are not a list of texts`)
  }
  if (preprocess !== undefined && !isPreprocess(preprocess)) {
    invalidFile(`the metadata ${cardKey} has a preprocess that is ${shorten(preprocess)}`)
  }
  if (training !== undefined) asRecord(training, `${cardKey}: training`)
  const unknown = Object.keys(rest)
  if (unknown.length > 0) invalidFile(`the metadata ${cardKey} has the unknown field ${shorten(unknown[0])}`)
  return value as ModelCard
}

/** Whether a value from a file is a preprocessing rule. */
export function isPreprocess(value: unknown): value is Preprocess {
  if (typeof value !== 'object' || value === null) return false
  const { size, resize, interpolation, mean, std } = value as Record<string, unknown>
  const isNumbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'number')
  return (
    isSize(size) &&
    isCount(resize) &&
    (interpolation === 'bilinear' || interpolation === 'bicubic') &&
    isNumbers(mean) &&
    isNumbers(std) &&
    mean.length === std.length
  )
}

function isSize(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount)
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65536
}

/**
 * The record that the metadata have under `key`.
 * @throws MobileOneError `invalid-file` when it is there and is no record.
 */
export function readMetadata(
  metadata: ReadonlyMap<string, string>,
  key: string,
): Record<string, unknown> | undefined {
  const value = parseMetadata(metadata, key)
  return value === undefined ? undefined : asRecord(value, key)
}

/**
 * The JSON value of one entry of `__metadata__`, undefined where it is not there.
 * @throws MobileOneError `invalid-file` where it is not JSON or nests too deep.
 */
export function parseMetadata(metadata: ReadonlyMap<string, string>, key: string): unknown {
  const text = metadata.get(key)
  if (text === undefined) return undefined
  if (depthOf(text) > limits.jsonDepth) {
    invalidFile(`the metadata ${key} nests more than ${limits.jsonDepth} deep`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new MobileOneError('invalid-file', `the metadata ${key} is not JSON: ${text.slice(0, 80)}`, {
      cause,
    })
  }
}

/** How deep brackets nest in a JSON text. */
function depthOf(text: string): number {
  let [depth, deepest, isText] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isText && code === 0x5c) at++
    else if (code === 0x22) isText = !isText
    else if (isText) continue
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

function asRecord(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalidFile(`the metadata ${key} is not an object: ${shorten(value)}`)
  }
  return value as Record<string, unknown>
}

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80)
}
