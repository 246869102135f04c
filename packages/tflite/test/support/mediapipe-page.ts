import { FilesetResolver, ImageClassifier } from '@mediapipe/tasks-vision'

const started = FilesetResolver.forVisionTasks('/mediapipe')

/** The categories, best first, that MediaPipe's classifier finds in a picture of `size` filled with the bytes RGBA of `pixels`. */
async function classify(
  model: string,
  size: readonly [width: number, height: number],
  pixels: readonly number[],
): Promise<readonly { readonly label: string; readonly index: number; readonly score: number }[]> {
  const classifier = await ImageClassifier.createFromOptions(await started, {
    baseOptions: { modelAssetPath: model, delegate: 'CPU' },
  })
  try {
    const picture = new ImageData(new Uint8ClampedArray(pixels), ...size)
    const [head] = classifier.classify(picture).classifications
    if (!head) throw new Error('there is no classification')
    return head.categories.map(({ categoryName, index, score }) => ({ label: categoryName, index, score }))
  } finally {
    classifier.close()
  }
}

Object.assign(globalThis, { classify })
