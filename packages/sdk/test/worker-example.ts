import { createWorkerClassifier } from '@mobileone/sdk/worker'

/** Show what is in a camera's picture, until `signal` is aborted. */
export async function show(
  model: string,
  camera: MediaStream,
  output: HTMLElement,
  signal: AbortSignal,
): Promise<void> {
  const classifier = await createWorkerClassifier({
    model,
    signal,
    onProgress: ({ fraction = 0 }) => (output.textContent = `${Math.round(100 * fraction)} %`),
  })
  for await (const { predictions } of classifier.watch(camera, { topK: 1, smoothing: 0.7, signal })) {
    output.textContent = predictions.map(({ label }) => label).join()
  }
}
