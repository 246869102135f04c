/** What `watch-browser.test.ts` runs in a page with Chromium's fake camera. */
import { createClassifier, type FrameResult, type LocalClassifier, type WatchOptions } from '../src/index.ts'

export interface Watched {
  readonly results: readonly FrameResult[]
  /** VideoFrames that streams gave, and how many of them are still open. */
  readonly frames: { readonly given: number; readonly open: number }
  readonly track: MediaStreamTrackState
}

type Way = 'track' | 'stream' | 'element' | 'readable'

/** What the browser is made to lack. */
type Lack = 'processor' | 'callback'

const given: VideoFrame[] = []
const read = ReadableStreamDefaultReader.prototype.read
ReadableStreamDefaultReader.prototype.read = async function (this: ReadableStreamDefaultReader<unknown>) {
  const answer = await read.call(this)
  if (answer.value instanceof VideoFrame) given.push(answer.value)
  return answer
} as typeof read

let classifier: LocalClassifier | undefined
const open = async (): Promise<LocalClassifier> => {
  classifier ??= await createClassifier({
    model: new URL('/assets/fashion-mnist.safetensors', location.href),
    cache: false,
  })
  return classifier
}

async function withoutThese<T>(lacks: readonly Lack[], work: () => Promise<T>): Promise<T> {
  const global = globalThis as Record<string, unknown>
  const { MediaStreamTrackProcessor } = global
  const prototype = HTMLVideoElement.prototype as unknown as Record<string, unknown>
  const { requestVideoFrameCallback } = prototype
  try {
    if (lacks.includes('processor')) delete global.MediaStreamTrackProcessor
    if (lacks.includes('callback')) delete prototype.requestVideoFrameCallback
    return await work()
  } finally {
    Object.assign(global, { MediaStreamTrackProcessor })
    Object.assign(prototype, { requestVideoFrameCallback })
  }
}

async function playing(source: MediaStream | Blob): Promise<HTMLVideoElement> {
  const video = document.createElement('video')
  video.muted = true
  if (source instanceof MediaStream) video.srcObject = source
  else video.src = URL.createObjectURL(source)
  document.body.append(video)
  await video.play()
  return video
}

async function sourceOf(way: Way, stream: MediaStream) {
  const [track] = stream.getVideoTracks() as [MediaStreamTrack]
  switch (way) {
    case 'track':
      return track
    case 'stream':
      return stream
    case 'element':
      return playing(stream)
    case 'readable':
      // @ts-expect-error: not in TypeScript's library yet.
      return new MediaStreamTrackProcessor({ track }).readable as ReadableStream<VideoFrame>
    default:
      throw way satisfies never
  }
}

/** Watch the camera for `count` results, then leave, or stop the track and go on to the end. */
async function camera(
  way: Way,
  count: number,
  lacks: readonly Lack[] = [],
  leave: 'break' | 'stop' = 'break',
  options: WatchOptions = {},
): Promise<Watched> {
  const subject = await open()
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } })
  const [track] = stream.getVideoTracks() as [MediaStreamTrack]
  given.length = 0
  const results: FrameResult[] = []
  const source = await sourceOf(way, stream)
  await withoutThese(lacks, async () => {
    for await (const result of subject.watch(source, { topK: 1, ...options })) {
      results.push(result)
      if (results.length < count) continue
      if (leave === 'break') break
      track.stop()
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  const state = track.readyState
  track.stop()
  if (source instanceof HTMLVideoElement) source.remove()
  const frames = { given: given.length, open: given.filter(({ codedWidth }) => codedWidth > 0).length }
  return { results, frames, track: state }
}

/** A second of a picture in motion, recorded: watched to its end. */
async function recording(): Promise<{ labels: (string | undefined)[]; last: number }> {
  const subject = await open()
  const picture = await createImageBitmap(await (await fetch('/assets/images/2-trouser.png')).blob())
  const canvas = Object.assign(document.createElement('canvas'), { width: 112, height: 112 })
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  const draw = (): void => context.drawImage(picture, 0, 0, 112, 112)
  draw()
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' })
  const parts: Blob[] = []
  recorder.ondataavailable = ({ data }) => parts.push(data)
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve
  })
  recorder.start()
  const timer = setInterval(draw, 20)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  recorder.stop()
  await stopped
  clearInterval(timer)
  const labels: (string | undefined)[] = []
  let last = 0
  for await (const { predictions, timestamp } of subject.watch(await playing(new Blob(parts)))) {
    labels.push(predictions[0]?.label)
    last = timestamp
  }
  return { labels, last }
}

/** Results while the page is seen, is not, and is again; then whether it can be left while it is not. */
async function hidden(whileHidden: 'pause' | 'run'): Promise<{ counts: number[]; left: boolean }> {
  const subject = await open()
  const stream = await navigator.mediaDevices.getUserMedia({ video: true })
  const show = (visibilityState: DocumentVisibilityState): void => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: visibilityState })
    document.dispatchEvent(new Event('visibilitychange'))
  }
  let count = 0
  const watching = subject.watch(stream, { whileHidden })
  const loop = (async () => {
    for await (const _ of watching) count++
  })()
  const during = async (ms: number): Promise<number> => {
    const before = count
    await new Promise((resolve) => setTimeout(resolve, ms))
    return count - before
  }
  const next = async (): Promise<number> => {
    const before = count
    for (let tries = 0; count === before && tries < 500; tries++) await during(10)
    return count - before
  }
  await next()
  const counts = [await next()]
  show('hidden')
  await during(200)
  counts.push(await during(400))
  show('visible')
  counts.push(await next())
  show('hidden')
  await during(100)
  await watching.return()
  await loop
  show('visible')
  for (const track of stream.getTracks()) track.stop()
  return { counts, left: true }
}

export const page = { camera, recording, hidden }
Object.assign(globalThis, { watchPage: page })
