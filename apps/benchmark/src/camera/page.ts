/** What `main.ts` runs in a page: one contender on the camera, timed. */
import type { CameraContender } from './contender.ts'

const contenders = {
  'ours, fast': async () => (await import('./ours.ts')).ours('fast'),
  'ours, exact': async () => (await import('./ours.ts')).ours('exact'),
  'ort-web on the page': async () => (await import('./ort-on-page.ts')).ortOnPage,
  'ort-web in a worker': async () => (await import('./ort-in-worker.ts')).ortInWorker,
  mediapipe: async () => (await import('./mediapipe.ts')).mediapipe,
} satisfies Readonly<Record<string, () => Promise<CameraContender>>>

export type ContenderName = keyof typeof contenders

export interface Seen {
  /** From the call to the first result, in milliseconds. */
  readonly startMs: number
  /** Frames in the time measured, and that time in milliseconds. */
  readonly frames: number
  readonly windowMs: number
  /** From taking each of these frames to its classes. */
  readonly ms: readonly number[]
  /** Durations of tasks of the page of 50 ms or more (https://w3c.github.io/longtasks/): until the first result, and in the time measured. */
  readonly startTasks: readonly number[]
  readonly tasks: readonly number[]
  /** The best class of the last frame. */
  readonly label: string
}

/** Settle for `settleMs` after the first result, then measure for `windowMs`. */
async function see(name: ContenderName, settleMs: number, windowMs: number): Promise<Seen> {
  const video = document.querySelector('video') as HTMLVideoElement
  const scores = document.querySelector('pre') as HTMLPreElement
  const size = { width: 640, height: 480, frameRate: { ideal: 60 } }
  const camera = await navigator.mediaDevices.getUserMedia({ video: size })
  video.srcObject = camera
  await video.play()
  const contender = await contenders[name]()
  const tasks: { start: number; duration: number }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ start: startTime, duration })
  })
  observer.observe({ entryTypes: ['longtask'] })
  const stopping = new AbortController()
  const results: { at: number; ms: number }[] = []
  let label = ''
  let first = (): void => {}
  const hasResult = new Promise<void>((resolve) => {
    first = resolve
  })
  const begun = performance.now()
  const running = contender.run(
    camera,
    video,
    (guesses, ms) => {
      const lines = guesses.map((guess) => `${guess.label} ${(100 * guess.score).toFixed()} %`)
      scores.textContent = [...lines, `${ms.toFixed()} ms`].join('\n')
      label = guesses[0]?.label ?? ''
      results.push({ at: performance.now(), ms })
      first()
    },
    stopping.signal,
  )
  await Promise.race([hasResult, running])
  await new Promise((resolve) => setTimeout(resolve, settleMs + windowMs))
  stopping.abort()
  await running
  // Entries of long tasks come late.
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (const track of camera.getTracks()) track.stop()
  const firstAt = results[0]?.at ?? Number.NaN
  const from = firstAt + settleMs
  const measured = results.filter(({ at }) => at >= from && at < from + windowMs)
  const within = (start: number, end: number): number[] =>
    tasks.filter((task) => task.start >= start && task.start < end).map(({ duration }) => duration)
  return {
    startMs: firstAt - begun,
    frames: measured.length,
    windowMs,
    ms: measured.map(({ ms }) => ms),
    startTasks: within(begun, firstAt),
    tasks: within(from, from + windowMs),
    label,
  }
}

export const page = { see, names: Object.keys(contenders) as ContenderName[] }
Object.assign(globalThis, { cameraPage: page })
