import { useCamera, useClassifier, usePredictions } from '@mobileone/react'
import { useEffect } from 'react'
import { faultOf, statusOf } from './messages.ts'
import { network, watching } from './settings.ts'
import { usePicture } from './use-picture.ts'

export function App() {
  const loaded = useClassifier(network)
  const camera = useCamera()
  const seen = usePredictions(loaded.classifier, camera.video, watching)
  const [picture, show] = usePicture(loaded.classify)
  const { start, stop } = camera
  const isOn = camera.status === 'starting' || camera.status === 'live'

  useEffect(() => {
    const allow = (event: DragEvent) => event.preventDefault()
    const drop = (event: DragEvent) => {
      event.preventDefault()
      const file = event.dataTransfer?.files[0]
      if (!file) return
      stop()
      void show(file)
    }
    addEventListener('dragover', allow)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', allow)
      removeEventListener('drop', drop)
    }
  }, [show, stop])

  const toggle = () => {
    if (isOn) return stop()
    void show(undefined)
    void start()
  }

  return (
    <main>
      <h1>What do you see?</h1>
      <section className="stage" aria-label="What the network looks at">
        <video ref={camera.ref} muted playsInline hidden={camera.status !== 'live'} />
        {picture && <img src={picture.url} alt="What was chosen" />}
        {!picture && camera.status !== 'live' && <p>Start the camera, or drop a picture here</p>}
      </section>
      <div className="controls">
        <button type="button" onClick={toggle}>
          {isOn ? 'Stop the camera' : 'Start the camera'}
        </button>
        <label>
          Choose a picture
          <input
            type="file"
            accept="image/*"
            onChange={({ target }) => {
              const [file] = target.files ?? []
              target.value = ''
              if (!file) return
              stop()
              void show(file)
            }}
          />
        </label>
      </div>
      {loaded.status === 'loading' && (
        <progress max={1} value={loaded.progress?.fraction ?? 0} aria-label="The network is loading" />
      )}
      <p role="status">{statusOf(loaded, camera, picture)}</p>
      <p role="alert">{faultOf(loaded, camera, picture)}</p>
      {loaded.status === 'error' && (
        <div className="controls">
          <button type="button" onClick={loaded.reload}>
            Try again
          </button>
        </div>
      )}
      <ol className="results" aria-label="What it could be">
        {(picture?.predictions ?? seen.predictions).map(({ label, score }) => (
          <li key={label}>
            <span>{label}</span>
            <meter value={score} aria-label={label} />
            <span className="percent">{Math.round(100 * score)} %</span>
          </li>
        ))}
      </ol>
    </main>
  )
}
