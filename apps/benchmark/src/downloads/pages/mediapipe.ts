import { FilesetResolver, ImageClassifier } from '@mediapipe/tasks-vision'
import { crop, vendor } from './page.ts'

globalThis.classify = async (model, picture) => {
  const fileset = await FilesetResolver.forVisionTasks(`${vendor}@mediapipe/tasks-vision/wasm`)
  const baseOptions = { modelAssetPath: model, delegate: 'CPU' as const }
  const classifier = await ImageClassifier.createFromOptions(fileset, { baseOptions, maxResults: 1 })
  const [head] = classifier.classify(crop(picture)).classifications
  return head?.categories[0]?.index ?? -1
}
