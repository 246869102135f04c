/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { recording, startRecording, stopRecording } from './recording.ts'

interface Props {
  readonly classId: string
  readonly name: string
  readonly video: HTMLVideoElement
}

const holds = (key: string): boolean => key === ' ' || key === 'Enter'

/** Records examples while it is held, by pointer, Space or Enter. */
export function RecordButton({ classId, name, video }: Props): JSX.Element {
  const isOn = recording.value === classId
  useEffect(() => {
    const whenHidden = (): void => {
      if (document.hidden) stopRecording()
    }
    document.addEventListener('visibilitychange', whenHidden)
    return () => {
      document.removeEventListener('visibilitychange', whenHidden)
      if (recording.peek() === classId) stopRecording()
    }
  }, [classId])
  return (
    <button
      type="button"
      class={`hold ${isOn ? 'on' : ''}`}
      aria-pressed={isOn}
      aria-label={`Hold to record ${name}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        startRecording(classId, video)
      }}
      onPointerUp={stopRecording}
      onPointerCancel={stopRecording}
      onLostPointerCapture={stopRecording}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!holds(event.key)) return
        event.preventDefault()
        if (!event.repeat) startRecording(classId, video)
      }}
      onKeyUp={(event) => {
        if (!holds(event.key)) return
        event.preventDefault()
        stopRecording()
      }}
      onBlur={stopRecording}
    >
      <span class="dot" aria-hidden="true" />
      {isOn ? 'Recording…' : 'Hold to record'}
    </button>
  )
}
