import { MobileOneError } from '@mobileone/core'
import { checkBackbone } from './check-backbone.ts'
import { type Embedder, ExampleSet, type ExampleSetOptions } from './example-set.ts'
import { readFile } from './read-file.ts'
import { examplesKey } from './write-examples.ts'

/**
 * The examples in a file that `toBytes` of an `ExampleSet` made, to go on with on `classifier`. Ids begin anew, and there is nothing
 * to take back.
 * @throws MobileOneError `invalid-file` for any other bytes, `invalid-argument` for another backbone or more than `maxBytes`.
 */
export function loadExamples(
  classifier: Embedder,
  bytes: Uint8Array,
  options: ExampleSetOptions = {},
): ExampleSet {
  const fail = (problem: string): never => {
    throw new MobileOneError('invalid-file', `this is no file of examples: ${problem}`)
  }
  const { labels = [], backbone, rest, tensor } = readFile(bytes, examplesKey, 'examples')
  const { shape, data } = tensor('embeddings', 2)
  const [count = 0, features = 0] = shape
  const { classes } = rest
  if (features !== backbone.features) fail(`embeddings of ${features} elements, not ${backbone.features}`)
  if (
    !Array.isArray(classes) ||
    classes.length !== count ||
    !classes.every((index) => Number.isInteger(index) && index >= 0 && index < labels.length) ||
    new Set(labels).size !== labels.length
  ) {
    return fail(`it does not tell one class, of different labels, for each of ${count} embeddings`)
  }
  if (!data.every(Number.isFinite)) fail('an embedding is not finite')
  checkBackbone(classifier.backbone, backbone)
  const rows = classes.map((index: number, row) => ({
    label: labels[index]!,
    embedding: data.slice(row * features, (row + 1) * features),
  }))
  return ExampleSet.of(classifier, labels, rows, options)
}
