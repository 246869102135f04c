import { cardMetadata, writeSafetensors } from '@mobileone/checkpoint/lazy'
import type { Backbone } from './backbone.ts'
import type { Example } from './example.ts'

export const examplesKey = 'mobileone.examples'

/** The bytes of a safetensors file with embeddings [examples, features] and the class of each. */
export function writeExamples(
  backbone: Backbone,
  labels: readonly string[],
  examples: readonly Example[],
): Uint8Array {
  const { preprocess, ...rest } = backbone
  const { features } = backbone
  const data = new Float32Array(examples.length * features)
  for (const [row, { embedding }] of examples.entries()) data.set(embedding, row * features)
  const classOf = new Map(labels.map((label, index) => [label, index]))
  const classes = examples.map(({ label }) => classOf.get(label))
  return writeSafetensors(
    new Map([['embeddings', { dtype: 'F32', shape: [examples.length, features], data }]]),
    {
      ...cardMetadata({ description: `Examples as embeddings of "${backbone.name}"`, labels, preprocess }),
      [examplesKey]: JSON.stringify({ version: 1, backbone: rest, classes }),
    },
  )
}
