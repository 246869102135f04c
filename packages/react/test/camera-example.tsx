import { useCamera, useClassifier, usePredictions } from '@mobileone/react'
import type { ModelSource } from '@mobileone/sdk'

/** Says what the camera sees. */
export function CameraPage({ model = 's0' }: { model?: ModelSource }) {
  const { status, progress, classifier, error } = useClassifier({ model })
  const camera = useCamera()
  const { predictions } = usePredictions(classifier, camera.video, { topK: 3, smoothing: 0.5 })
  return (
    <main>
      {status === 'loading' && <progress value={progress?.fraction ?? 0} />}
      <video ref={camera.ref} muted playsInline />
      <button type="button" onClick={camera.status === 'live' ? camera.stop : camera.start}>
        {camera.status === 'live' ? 'Stop' : 'Start'}
      </button>
      <p role="alert">{error?.message ?? camera.error?.message}</p>
      <ol>
        {predictions.map(({ label, score }) => (
          <li key={label}>
            {label}: {Math.round(100 * score)} %
          </li>
        ))}
      </ol>
    </main>
  )
}
