import { readFile, writeFile } from 'node:fs/promises'
import {
  type Classifier,
  createEmbeddingStore,
  type EmbeddingEntry,
  embeddingStoreFromBytes,
  embeddingStoreToBytes,
} from '@mobileone/sdk'

/** Keep the embeddings of pictures in a file; what cannot be read is left out, with a word. */
export async function index(
  classifier: Classifier,
  pictures: readonly string[],
  file: string,
): Promise<void> {
  const entries: EmbeddingEntry[] = []
  const onProgress = ({ done, total = 0 }: { done: number; total?: number }): void => {
    if (done % 100 === 0) console.log(`${done} of ${total}`)
  }
  for await (const { source, ok, value, error } of classifier.embedEach(pictures, { onProgress })) {
    if (ok) entries.push([String(source), value])
    else console.warn(error.message)
  }
  await writeFile(file, embeddingStoreToBytes(createEmbeddingStore(entries), { storage: 'float16' }))
}

/** The pictures of the file most like this one, with their similarity. */
export async function search(
  classifier: Classifier,
  picture: string,
  file: string,
): Promise<[string, number][]> {
  const store = embeddingStoreFromBytes(await readFile(file))
  const found = await classifier.nearest(picture, store, { k: 5, threshold: 0.3 })
  return found.map(({ id, score }) => [id, score])
}
