import { MobileOneError, type ModelCard, type Preprocess } from '@mobileone/core'
import { metadataKeys } from '../mil/metadata.ts'
import type { Description } from '../mil/program.ts'
import { limits } from './limits.ts'

/** `scale * pixel + bias` of each channel, as a program applies it to its input. */
export interface Affine {
  readonly scale: readonly number[]
  readonly bias: readonly number[]
}

/** The preprocessing that gives the values a network reads: mean and std from the program, the rest as recorded or usual. */
export function preprocessOf(
  affine: Affine,
  size: readonly [height: number, width: number],
  description: Description,
): Preprocess {
  const std = affine.scale.map((scale) => 1 / (255 * scale))
  const mean = affine.bias.map((bias, channel) => -bias * (std[channel] as number))
  if (![...mean, ...std].every(Number.isFinite)) {
    throw new MobileOneError(
      'unsupported',
      'the Core ML model scales its image by 0; it has no preprocessing to read',
    )
  }
  const recorded = recordedPreprocess(description.metadata.userDefined)
  const alike = (a: readonly number[] | undefined, b: readonly number[]): boolean =>
    a?.length === b.length && a.every((value, index) => Math.abs(value - (b[index] as number)) < 1e-5)
  if (recorded && alike(recorded.mean, mean) && alike(recorded.std, std) && alike(recorded.size, size))
    return recorded
  return { size, resize: Math.round((Math.min(...size) * 256) / 224), interpolation: 'bilinear', mean, std }
}

/** The preprocessing in the metadata, undefined where there is none or it has another form. */
export function recordedPreprocess(metadata: ReadonlyMap<string, string>): Preprocess | undefined {
  const value = parseJson(metadata.get(metadataKeys.preprocess))
  if (typeof value !== 'object' || value === null) return undefined
  const { size, resize, interpolation, mean, std } = value as Record<string, unknown>
  if (!isNumbers(size) || size.length !== 2 || typeof resize !== 'number') return undefined
  if (interpolation !== 'bilinear' && interpolation !== 'bicubic') return undefined
  if (!isNumbers(mean) || !isNumbers(std) || mean.length !== std.length) return undefined
  return { size: [size[0] as number, size[1] as number], resize, interpolation, mean, std }
}

/** The card of a file: `labels` are those of its classifier. */
export function readCard(
  description: Description,
  labels: readonly string[] | undefined,
  preprocess: Preprocess | undefined,
): ModelCard | undefined {
  const { metadata } = description
  const recorded = parseJson(metadata.userDefined.get(metadataKeys.labels))
  const isTexts = Array.isArray(recorded) && recorded.every((label) => typeof label === 'string')
  const kept = isTexts && (!labels || labels.length === recorded.length) ? (recorded as string[]) : labels
  const source = metadata.userDefined.get(metadataKeys.source)
  const card: ModelCard = {
    ...(metadata.description !== '' && { description: metadata.description }),
    ...(metadata.author !== '' && { author: metadata.author }),
    ...(metadata.licence !== '' && { licence: metadata.licence }),
    ...(source !== undefined && { source }),
    ...(preprocess && { preprocess }),
    ...(kept && { labels: kept }),
  }
  return Object.keys(card).length > 0 ? card : undefined
}

/**
 * Undefined for what is no JSON.
 * @throws MobileOneError `unsupported` for more than is allowed: each bracket becomes an object.
 */
export function parseJson(text: string | undefined): unknown {
  if (text !== undefined && text.length > limits.jsonCharacters) {
    throw new MobileOneError(
      'unsupported',
      `the metadata of the Core ML file has a text of ${text.length} characters where JSON belongs; at most ${limits.jsonCharacters} are supported`,
    )
  }
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item))
}
