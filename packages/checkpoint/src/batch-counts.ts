/**
 * PyTorch's `num_batches_tracked` beside every batch normalisation. It takes no part in inference and is no weight of a model here, so it
 * travels in the card, as `training.batchesTracked`: one number, or one for each normalisation where they differ.
 */
import { elementCount, type ModelCard } from '@mobileone/core'
import { batchCounter } from './naming/translate-key.ts'
import { type StoredTensor, toFloat32 } from './stored-tensor.ts'

const field = 'batchesTracked'

type Counts = number | Readonly<Record<string, number>>

/** What the counters of a file say, by canonical name; undefined where there are none or all are 0. */
export function countBatches(counters: ReadonlyMap<string, StoredTensor>): Counts | undefined {
  const counts: Record<string, number> = {}
  for (const [name, stored] of counters) {
    if (elementCount(stored.shape) !== 1 || stored.dtype.startsWith('float8')) continue
    const count = stored.dtype === 'int64' ? toInteger(stored) : toFloat32(stored)[0]
    if (Number.isSafeInteger(count) && (count as number) >= 0) {
      counts[name.slice(0, -batchCounter.length - 1)] = count as number
    }
  }
  const values = Object.values(counts)
  const first = values[0]
  if (first === undefined || values.every((count) => count === 0)) return undefined
  return values.length === counters.size && values.every((count) => count === first) ? first : counts
}

function toInteger({ storage, offset }: StoredTensor): number {
  return Number(new DataView(storage.buffer, storage.byteOffset + 8 * offset, 8).getBigInt64(0, true))
}

/** The card with the counts; what it says already stays. */
export function withBatchCounts(card: ModelCard, counts: Counts | undefined): ModelCard {
  if (counts === undefined || card.training?.[field] !== undefined) return card
  return { ...card, training: { ...card.training, [field]: counts } }
}

/** The count of a normalisation by its name; 0 where the card tells none. */
export function batchCountsOf(card: ModelCard | undefined): (normalization: string) => bigint {
  const counts = card?.training?.[field]
  return (normalization) => {
    const count =
      typeof counts === 'object' && counts !== null && Object.hasOwn(counts, normalization)
        ? (counts as Record<string, unknown>)[normalization]
        : counts
    return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? BigInt(count) : 0n
  }
}
