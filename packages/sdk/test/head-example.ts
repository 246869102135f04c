import { createClassifier, type ImageSource, type ModelSource, type Prediction } from '@mobileone/sdk'
import { ExampleSet, loadHead } from '@mobileone/sdk/head'

/** Learn labels from a few pictures of each, and give what was learned as a file. */
export async function teach(
  model: ModelSource,
  pictures: Readonly<Record<string, readonly ImageSource[]>>,
): Promise<Uint8Array> {
  await using classifier = await createClassifier({ model })
  const examples = new ExampleSet(classifier)
  for (const [label, images] of Object.entries(pictures)) await examples.addExample(label, images)
  const head = await examples.fit()
  const { accuracy, confusion } = head.report?.crossValidation ?? {}
  console.log('right of pictures it had not seen:', accuracy, confusion)
  return head.toBytes()
}

/** Tell pictures apart by it, on the same model. */
export async function recognize(
  model: ModelSource,
  learned: Uint8Array,
  images: readonly ImageSource[],
): Promise<Prediction[][]> {
  await using classifier = await createClassifier({ model })
  await using mine = await classifier.withHead(loadHead(learned))
  return await mine.classify(images, { topK: 1 })
}
