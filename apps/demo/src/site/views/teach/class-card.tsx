/** @jsxImportSource preact */
import type { JSX } from 'preact'
import type { Camera } from '../../ui/use-camera.ts'
import { counted } from './advice.ts'
import { ClassName } from './class-name.tsx'
import { ExampleStrip } from './example-strip.tsx'
import { FileButton, FileDrop } from './file-drop.tsx'
import { examplesOf } from './project.ts'
import { RecordButton } from './record-button.tsx'
import { recording } from './recording.ts'
import { addFiles, dropClass, project } from './taught.ts'

interface Props {
  readonly classId: string
  readonly camera: Camera
}

/** One class: its name, its examples, and ways to add some. */
export function ClassCard({ classId, camera }: Props): JSX.Element | null {
  const name = project.value.classes.find(({ id }) => id === classId)?.name
  if (name === undefined) return null
  const examples = examplesOf(project.value, classId)
  const { status, video } = camera
  const add = (files: readonly File[]): void => void addFiles(classId, files)
  return (
    <FileDrop
      class={`panel card ${recording.value === classId ? 'recording' : ''}`}
      label={`Class ${name}`}
      onFiles={add}
    >
      <div class="card-head">
        <ClassName classId={classId} name={name} />
        <span class="muted count">{counted(examples.length, 'example')}</span>
        <button
          type="button"
          class="plain icon"
          onClick={() => dropClass(classId)}
          aria-label={`Remove the class ${name}`}
          title="Remove this class"
        >
          ✕
        </button>
      </div>
      <div class="pair">
        {status === 'live' && video ? (
          <RecordButton classId={classId} name={name} video={video} />
        ) : (
          <button type="button" class="quiet" disabled={status === 'starting'} onClick={camera.start}>
            {status === 'starting' ? 'Starting…' : 'Use the camera'}
          </button>
        )}
        <FileButton accept="image/*" multiple label={`Add pictures to ${name}`} onFiles={add}>
          Add pictures
        </FileButton>
      </div>
      <ExampleStrip name={name} examples={examples} />
    </FileDrop>
  )
}
