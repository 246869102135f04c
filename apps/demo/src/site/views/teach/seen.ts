import { type ReadonlySignal, signal } from '@preact/signals'
import { type Learned, learned } from './learning.ts'

/** What the head makes of a picture: a probability for each class, by its id. */
export interface Seen {
  readonly scores: ReadonlyMap<string, number>
  /** Milliseconds from the picture to the scores. */
  readonly ms: number
}

const now = signal<Seen | undefined>(undefined)
/** Of the camera's newest frame, or of the test picture. */
export const seen: ReadonlySignal<Seen | undefined> = now
const calm = 0.6

function look({ head }: Learned, embedding: Float32Array): Map<string, number> {
  const predictions = head.predict(embedding, { topK: head.labels.length })
  return new Map(predictions.map(({ label, score }) => [label ?? '', score]))
}

/** Classify what `video` shows, frame after frame, until `signal` is aborted; scores are smoothed. */
export async function watchVideo(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  now.value = undefined
  while (!signal.aborted) {
    await nextFrame(video, signal)
    const using = learned.peek()
    if (signal.aborted) return
    if (!using) {
      now.value = undefined
      continue
    }
    const started = performance.now()
    try {
      const scores = look(using, await using.classifier.embed(video))
      if (signal.aborted) return
      for (const [id, score] of scores) {
        const before = now.peek()?.scores.get(id)
        if (before !== undefined) scores.set(id, calm * before + (1 - calm) * score)
      }
      now.value = { scores, ms: performance.now() - started }
    } catch {
      // The classifier was replaced in between; a camera that has ended tells so itself.
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** Classify one picture with `using`. */
export async function watchPicture(picture: Blob, using: Learned, signal: AbortSignal): Promise<void> {
  const started = performance.now()
  const embedding = await using.classifier.embed(picture, { signal })
  if (!signal.aborted) now.value = { scores: look(using, embedding), ms: performance.now() - started }
}

export function forgetSeen(): void {
  now.value = undefined
}

function nextFrame(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(done)
    else requestAnimationFrame(done)
  })
}
