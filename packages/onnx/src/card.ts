import { MobileOneError, type ModelCard, type Preprocess } from '@mobileone/core'
import { limits } from './limits.ts'

/**
 * A card as ONNX metadata: `model_author` and `model_license` as the ONNX IR names them, `source` as text, `labels` and
 * `preprocess` as JSON. The description is the model's `doc_string`.
 */
export function cardToMetadata(card: ModelCard): (readonly [key: string, value: string])[] {
  const metadata: (readonly [string, string])[] = []
  if (card.author !== undefined) metadata.push(['model_author', card.author])
  if (card.licence !== undefined) metadata.push(['model_license', card.licence])
  if (card.source !== undefined) metadata.push(['source', card.source])
  if (card.preprocess !== undefined) {
    const { size, resize, interpolation, mean, std } = card.preprocess
    metadata.push(['preprocess', JSON.stringify({ size, resize, interpolation, mean, std })])
  }
  if (card.labels !== undefined) metadata.push(['labels', JSON.stringify(card.labels)])
  return metadata
}

/** The card in a file's metadata, undefined where there is none. Entries of another form are passed over. */
export function cardFromMetadata(
  metadata: readonly (readonly [key: string, value: string])[],
  docString: string,
): ModelCard | undefined {
  const entries = new Map(metadata)
  const author = entries.get('model_author')
  const licence = entries.get('model_license')
  const source = entries.get('source')
  const preprocess = readPreprocess(parseJson(entries.get('preprocess')))
  const labels = readLabels(parseJson(entries.get('labels')))
  const card: ModelCard = {
    ...(docString !== '' && { description: docString }),
    ...(author !== undefined && { author }),
    ...(licence !== undefined && { licence }),
    ...(source !== undefined && { source }),
    ...(preprocess && { preprocess }),
    ...(labels && { labels }),
  }
  return Object.keys(card).length > 0 ? card : undefined
}

function parseJson(text: string | undefined): unknown {
  if (text !== undefined && text.length > limits.jsonCharacters) {
    throw new MobileOneError(
      'unsupported',
      `the metadata of the ONNX file has a text of ${text.length} characters where JSON belongs; at most ${limits.jsonCharacters} are supported`,
    )
  }
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function readLabels(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((label) => typeof label === 'string') ? value : undefined
}

function readPreprocess(value: unknown): Preprocess | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { size, resize, interpolation, mean, std } = value as Record<string, unknown>
  if (!isNumbers(size) || size.length !== 2 || typeof resize !== 'number') return undefined
  if (interpolation !== 'bilinear' && interpolation !== 'bicubic') return undefined
  if (!isNumbers(mean) || !isNumbers(std) || mean.length !== std.length) return undefined
  return { size: [size[0] as number, size[1] as number], resize, interpolation, mean, std }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item))
}
