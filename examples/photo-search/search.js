import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createClassifier,
  createEmbeddingStore,
  embeddingStoreFromBytes,
  embeddingStoreToBytes,
} from '@mobileone/sdk'

const [command, path] = process.argv.slice(2)
const actions = { index, find }
if (!Object.hasOwn(actions, command) || !path) {
  console.error('node search.js index <folder>   keeps what its photographs look like in photos.index')
  console.error('node search.js find <picture>   the five of them that look most like it')
  process.exit(1)
}
const classifier = await createClassifier({ model: process.env.MODEL ?? 's0' })
await actions[command](path)
await classifier.dispose()

async function index(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((file) =>
    /\.(jpe?g|png|webp)$/i.test(file),
  )
  const entries = []
  for await (const { source, value, error } of classifier.embedEach(
    files.map((file) => join(folder, file)),
  )) {
    if (error) console.warn(error.message)
    else entries.push([source, value])
  }
  await writeFile(
    'photos.index',
    embeddingStoreToBytes(createEmbeddingStore(entries), { storage: 'float16' }),
  )
  console.log(`${entries.length} photographs`)
}

async function find(picture) {
  const store = embeddingStoreFromBytes(await readFile('photos.index'))
  for (const { id, score } of await classifier.nearest(picture, store, { k: 5 })) {
    console.log(`${score.toFixed(3)} ${id}`)
  }
}
