import type { ImageSource } from '@mobileone/vision'
import type { Frame, FrameSource } from './frame.ts'
import { NewestFrame } from './newest-frame.ts'
import { sleep } from './pauses.ts'

type Images = Pick<AsyncIterator<ImageSource>, 'next' | 'return'>

/** Least milliseconds between pictures that replace one another, so that a supply that never waits leaves the thread to others. */
const replaceInterval = 8

/**
 * The pictures of an asynchronous iterable as they come, the newest waiting. VideoFrames are closed after use.
 * @param ready Awaited before each is asked for.
 */
export function newestOf(images: Images, ready: () => Promise<void>): FrameSource {
  const stop = new AbortController()
  const newest = new NewestFrame(() => {
    if (stop.signal.aborted) return
    stop.abort()
    end(images)
  })
  const pump = async (): Promise<void> => {
    for (;;) {
      await ready()
      if (stop.signal.aborted) return
      const asked = performance.now()
      const { done, value } = await images.next()
      if (done) return newest.end()
      const replaces = newest.isWaiting
      newest.put(frameOf(value))
      if (replaces) await sleep(asked + replaceInterval - performance.now(), stop.signal)
    }
  }
  pump().catch((error) => newest.end(error))
  return newest
}

/** Every picture of an asynchronous iterable, asked for when it is wanted. VideoFrames are closed after use. */
export function allOf(images: Images): FrameSource {
  let stopped = false
  let cancel = (): void => {}
  const cancelled = new Promise<undefined>((resolve) => {
    cancel = () => resolve(undefined)
  })
  return {
    async next() {
      if (stopped) return undefined
      const asked = images.next()
      const answer = await Promise.race([asked, cancelled])
      if (!answer) {
        asked.then(({ done, value }) => done || frameOf(value).close()).catch(() => {})
        return undefined
      }
      return answer.done ? undefined : { ...frameOf(answer.value), dropped: 0 }
    },
    stop() {
      if (stopped) return
      stopped = true
      cancel()
      end(images)
    },
  }
}

/** The chunks of a stream; ending it cancels the stream, also while it is waited for. */
export function readerOf(stream: ReadableStream<ImageSource>): Images {
  const reader = stream.getReader()
  return {
    next: () => reader.read() as Promise<IteratorResult<ImageSource>>,
    async return() {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}

function end(images: Images): void {
  Promise.resolve(images.return?.()).catch(() => {})
}

function frameOf(image: ImageSource): Omit<Frame, 'dropped'> {
  if (isVideoFrame(image)) {
    return {
      image,
      timestamp: image.timestamp / 1000,
      width: image.displayWidth,
      height: image.displayHeight,
      close: () => image.close(),
    }
  }
  const { width, height } = (typeof image === 'object' && image ? image : {}) as {
    width?: unknown
    height?: unknown
  }
  return {
    image,
    timestamp: performance.now(),
    ...(typeof width === 'number' && typeof height === 'number' && { width, height }),
    close() {},
  }
}

function isVideoFrame(image: ImageSource): image is VideoFrame {
  return typeof image === 'object' && image !== null && 'displayWidth' in image && 'timestamp' in image
}
