import { FilesetResolver, ImageClassifier } from '@mediapipe/tasks-vision'
import { type CameraContender, eachFrame, files } from './contender.ts'

/** MediaPipe's image classifier as its guide for the web has it: on the page's own thread, the whole frame stretched to the network's size. */
export const mediapipe: CameraContender = {
  async run(_camera, video, show, signal) {
    const fileset = await FilesetResolver.forVisionTasks('/vendor/@mediapipe/tasks-vision/wasm')
    const classifier = await ImageClassifier.createFromOptions(fileset, {
      baseOptions: { modelAssetPath: files.tflite, delegate: 'CPU' },
      runningMode: 'VIDEO',
      maxResults: 3,
    })
    await eachFrame(video, signal, () => {
      const start = performance.now()
      const [head] = classifier.classifyForVideo(video, start).classifications
      const guesses =
        head?.categories.map(({ categoryName, score }) => ({ label: categoryName, score })) ?? []
      show(guesses, performance.now() - start)
    })
    classifier.close()
  },
}
