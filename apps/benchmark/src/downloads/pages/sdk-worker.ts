import { createWorkerClassifier } from '@mobileone/sdk/worker'

globalThis.classify = async (model, picture) => {
  const classifier = await createWorkerClassifier({ model })
  const [first] = await classifier.classify(picture, { topK: 1 })
  return first?.index ?? -1
}
