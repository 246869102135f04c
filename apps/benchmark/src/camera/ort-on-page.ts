import { type CameraContender, eachFrame } from './contender.ts'
import { openSession } from './ort-session.ts'

/** onnxruntime-web on the page's own thread. */
export const ortOnPage: CameraContender = {
  async run(_camera, video, show, signal) {
    const session = await openSession()
    const canvas = Object.assign(document.createElement('canvas'), { width: 224, height: 224 })
    const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
    await eachFrame(video, signal, async () => {
      const start = performance.now()
      const guesses = await session.classify(video, video.videoWidth, video.videoHeight, context)
      show(guesses, performance.now() - start)
    })
    await session.release()
  },
}
