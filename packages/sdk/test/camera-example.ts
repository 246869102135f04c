import { type Classifier, MobileOneError } from '@mobileone/sdk'

/** Show what the camera sees, ten times a second, until `signal` says stop. */
export async function watchCamera(
  classifier: Classifier,
  show: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  try {
    const options = { signal, fps: 10, smoothing: 0.6, topK: 1, threshold: 0.2 }
    for await (const { predictions, ms } of classifier.watch(camera, options)) {
      const [best] = predictions
      show(best ? `${best.label} in ${ms.toFixed(0)} ms` : 'nothing I know')
    }
  } catch (error) {
    if (!(error instanceof MobileOneError && error.code === 'aborted')) throw error
  } finally {
    for (const track of camera.getTracks()) track.stop()
  }
}
