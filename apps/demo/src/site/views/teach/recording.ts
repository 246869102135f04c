import { type ReadonlySignal, signal } from '@preact/signals'
import { transfer } from 'comlink'
import { addPictures, report } from './taught.ts'
import { teachWorker } from './teach-worker-client.ts'

/** Milliseconds between two examples of a recording: 8 a second. */
const interval = 125

const current = signal<string | undefined>(undefined)
/** The id of the class that is recorded now. */
export const recording: ReadonlySignal<string | undefined> = current
let timer = 0

/** Take pictures of `video` for a class until {@link stopRecording}; the first at once. Undo takes them back together. */
export function startRecording(classId: string, video: HTMLVideoElement): void {
  if (current.peek() !== undefined) return
  current.value = classId
  report(undefined)
  const group = {}
  let isBusy = false
  const take = async (): Promise<void> => {
    if (isBusy || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    isBusy = true
    try {
      const frame = await createImageBitmap(video)
      const picture = await teachWorker().keptPicture(transfer(frame, [frame]))
      if (!addPictures(classId, [picture], group)) stopRecording()
    } catch (error) {
      stopRecording()
      report(`The camera gave no picture: ${(error as Error).message}. Turn it off and on again.`)
    } finally {
      isBusy = false
    }
  }
  void take()
  timer = window.setInterval(() => void take(), interval)
}

export function stopRecording(): void {
  clearInterval(timer)
  current.value = undefined
}
