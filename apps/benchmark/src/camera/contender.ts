/** One way to classify a camera's frames on a page; it shows what it finds frame by frame until it is stopped. */
export interface CameraContender {
  /**
   * Load, then classify the newest frame again and again; `camera` plays in `video`, 640 x 480. Resolves after the abort of `signal`, with
   * everything freed.
   */
  run(camera: MediaStream, video: HTMLVideoElement, show: Show, signal: AbortSignal): Promise<void>
}

export interface Guess {
  readonly label: string
  readonly score: number
}

/** The best classes of a frame, best first, and the milliseconds from taking it to these. */
export type Show = (guesses: readonly Guess[], ms: number) => void

/** What every contender finds in the folder of models. */
export const files = {
  safetensors: '/models/s0.safetensors',
  onnx: '/models/s0.onnx',
  tflite: '/models/s0.tflite',
  labels: '/models/labels.json',
} as const

/** Call `onFrame` with each frame that comes after the call before has ended, as pages do that classify a video by hand. */
export async function eachFrame(
  video: HTMLVideoElement,
  signal: AbortSignal,
  onFrame: () => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve))
    await onFrame()
  }
}
