/**
 * Describe the embedded model: `node apps/demo/scripts/describe.mjs` reads assets/fashion-mnist.safetensors and its log, runs
 * the pictures on the naive reference, and writes assets/fashion-mnist.json.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { createClassifier, reference } from '@mobileone/sdk'

const command =
  'mobileone train --dataset fashion-mnist --hold-out 5000 --workers 2 --storage float16 --naming apple -o fashion-mnist.safetensors --log fashion-mnist.jsonl'
/** The first test image of each class, by class. */
const firstOfClass = [19, 2, 1, 13, 6, 8, 4, 9, 18, 0]

const asset = (name) => new URL(`../assets/${name}`, import.meta.url)
const weights = 'fashion-mnist.safetensors'
const log = readFileSync(asset('fashion-mnist.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const start = log.find(({ type }) => type === 'start')
const end = log.findLast(({ type }) => type === 'end')
const model = modelFromCheckpoint(readCheckpoint(readFileSync(asset(weights))))
const classifier = await createClassifier({ model, backend: reference() })

const pictures = []
for (const [index, testIndex] of firstOfClass.entries()) {
  const label = model.card.labels[index]
  const image = `images/${testIndex}-${label.toLowerCase().replaceAll(/[/ ]/g, '-')}.png`
  const logits = await classifier.logits(fileURLToPath(asset(image)))
  pictures.push({
    image,
    testIndex,
    class: index,
    logits: Array.from(logits, (value) => Number(value.toPrecision(7))),
  })
}
await classifier.dispose()

const description = {
  weights,
  trained: {
    command,
    images: start.images,
    epochs: start.recipe.epochs,
    minutes: Math.round(end.seconds / 60),
  },
  test: end.test,
  pictures,
}
writeFileSync(asset('fashion-mnist.json'), `${JSON.stringify(description, null, 2)}\n`)
process.stdout.write(`${(100 * end.test.top1).toFixed(2)} % of ${end.test.images} test images\n`)
