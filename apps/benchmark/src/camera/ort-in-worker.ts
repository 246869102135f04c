import { type CameraContender, eachFrame, type Guess } from './contender.ts'

/** onnxruntime-web in a module worker that is sent bitmaps. */
export const ortInWorker: CameraContender = {
  async run(_camera, video, show, signal) {
    const worker = new Worker(new URL('./ort-worker.ts', import.meta.url), { type: 'module' })
    const answer = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(message))
      })
    await answer()
    await eachFrame(video, signal, async () => {
      const start = performance.now()
      const frame = await createImageBitmap(video)
      const answered = answer()
      worker.postMessage(frame, [frame])
      show((await answered) as Guess[], performance.now() - start)
    })
    worker.terminate()
  },
}
