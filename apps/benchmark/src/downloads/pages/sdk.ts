import { createClassifier } from '@mobileone/sdk'

globalThis.classify = async (model, picture) => {
  const classifier = await createClassifier({ model })
  const [first] = await classifier.classify(picture, { topK: 1 })
  return first?.index ?? -1
}
