/** The worker of `ort-in-worker.ts`: bitmaps in, guesses out. */
import { openSession } from './ort-session.ts'

const scope = globalThis as unknown as Pick<Worker, 'onmessage' | 'postMessage'>
const opening = openSession()
opening.then(() => scope.postMessage('ready'))
const context = new OffscreenCanvas(224, 224).getContext('2d', {
  willReadFrequently: true,
}) as OffscreenCanvasRenderingContext2D

scope.onmessage = async ({ data: frame }: MessageEvent<ImageBitmap>) => {
  const session = await opening
  const guesses = await session.classify(frame, frame.width, frame.height, context)
  frame.close()
  scope.postMessage(guesses)
}
