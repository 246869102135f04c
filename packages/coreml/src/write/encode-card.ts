import type { Model, ModelCard } from '@mobileone/core'
import { metadataKeys } from '../mil/metadata.ts'
import type { Metadata } from '../mil/program.ts'

/**
 * A card as Core ML metadata; what has no field of its own goes into `userDefined`, in the order of its keys.
 * `classes` are the labels the program holds already.
 */
export function encodeCard(
  model: Model,
  version: string,
  extra: Readonly<Record<string, string>>,
  classes: readonly string[] | undefined,
): Metadata {
  const card: ModelCard = model.card ?? {}
  const entries: Record<string, string> = { [metadataKeys.name]: model.name, ...extra }
  if (card.source !== undefined) entries[metadataKeys.source] = card.source
  if (card.preprocess !== undefined) {
    const { size, resize, interpolation, mean, std } = card.preprocess
    entries[metadataKeys.preprocess] = JSON.stringify({ size, resize, interpolation, mean, std })
  }
  if (card.labels !== undefined && card.labels.join('\n') !== classes?.join('\n'))
    entries[metadataKeys.labels] = JSON.stringify(card.labels)
  return {
    description: card.description ?? '',
    version,
    author: card.author ?? '',
    licence: card.licence ?? '',
    userDefined: new Map(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
