/** @jsxImportSource preact */

import { milliseconds } from '@mobileone/site-kit/format'
import { useObjectUrl } from '@mobileone/site-kit/use-object-url'
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { CameraView } from '../../ui/camera-view.tsx'
import type { Camera } from '../../ui/use-camera.ts'
import { ClassBars } from './class-bars.tsx'
import { FileButton, FileDrop } from './file-drop.tsx'
import { learned, learning } from './learning.ts'
import { recording } from './recording.ts'
import { forgetSeen, seen, watchPicture, watchVideo } from './seen.ts'
import { project, report } from './taught.ts'
import { teachWorker } from './teach-worker-client.ts'

/** A picture to try the classes on, in place of the camera. */
const tested = signal<Blob | undefined>(undefined)

/** What is seen now: on the camera, or in one picture. */
export function TryPanel({ camera }: { readonly camera: Camera }): JSX.Element {
  const picture = tested.value
  const isLive = camera.status === 'live'
  const test = async ([file]: readonly Blob[]): Promise<void> => {
    if (!file) return
    try {
      report(undefined)
      tested.value = await teachWorker().keptPicture(file)
    } catch (cause) {
      report(`${(cause as Error).message}. Use JPEG, PNG or WebP.`)
    }
  }
  useSeen(picture, camera.video)
  usePaste(test)
  return (
    <FileDrop
      class={`panel try ${isLive ? 'live' : ''}`}
      label="Try it"
      onFiles={(files) => void test(files)}
    >
      <h3>Try it</h3>
      <CameraView
        camera={camera}
        controls={
          picture ? (
            <button type="button" class="quiet" onClick={forgetPicture}>
              Remove picture
            </button>
          ) : (
            <FileButton accept="image/*" label="Test a picture" onFiles={(files) => void test(files)}>
              Test a picture
            </FileButton>
          )
        }
      >
        {picture && <TestPicture picture={picture} />}
      </CameraView>
      <div class="outcome">
        <ClassBars scores={seen.value?.scores} />
        <Status />
      </div>
    </FileDrop>
  )
}

function forgetPicture(): void {
  tested.value = undefined
}

function TestPicture({ picture }: { readonly picture: Blob }): JSX.Element {
  return <img class="tested" src={useObjectUrl(picture)} alt="The one that is tested" />
}

/** Watch the picture, else the camera, with the newest head. */
function useSeen(picture: Blob | undefined, video: HTMLVideoElement | undefined): void {
  const using = learned.value
  useEffect(() => {
    if (picture || !video) return
    const stop = new AbortController()
    void watchVideo(video, stop.signal)
    return () => {
      stop.abort()
      forgetSeen()
    }
  }, [picture, video])
  useEffect(() => {
    if (!picture) return
    if (!using) {
      forgetSeen()
      return
    }
    const stop = new AbortController()
    watchPicture(picture, using, stop.signal).catch(() => {})
    return () => stop.abort()
  }, [picture, using])
  useEffect(() => {
    if (recording.value !== undefined) forgetPicture()
  }, [recording.value])
  useEffect(() => {
    if (!picture && !video) forgetSeen()
  }, [picture, video])
}

function usePaste(take: (files: readonly File[]) => Promise<void>): void {
  const latest = useRef(take)
  latest.current = take
  useEffect(() => {
    const onPaste = (event: ClipboardEvent): void => {
      const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith('image/'))
      if (files.length > 0) void latest.current(files)
    }
    document.addEventListener('paste', onPaste)
    return () => document.removeEventListener('paste', onPaste)
  }, [])
}

/** How far learning is, and what is seen, told to those who cannot see it when it has been the same for a moment. */
function Status(): JSX.Element {
  const now = learning.value
  const found = seen.value
  const words = ((): string => {
    switch (now.is) {
      case 'without-model':
        return 'Waiting for the model'
      case 'unsuited':
        return 'This model cannot learn'
      case 'waiting':
        return 'Learning begins when two classes have an example'
      case 'looking':
        return `Looking at ${now.done} of ${now.total} examples`
      case 'fitting':
        return 'Learning…'
      case 'learned':
        return found ? `Learned; ${milliseconds(found.ms)} a picture` : 'Learned'
      case 'failed':
        return 'Learning stopped'
      default:
        return now satisfies never
    }
  })()
  return (
    <>
      <p class="muted state" data-learning={now.is}>
        {words}
      </p>
      <Announcement />
    </>
  )
}

const announceAfter = 1000

function Announcement(): JSX.Element {
  const [text, setText] = useState('')
  const scores = seen.value?.scores
  const best = scores && [...scores].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
  const name = project.value.classes.find(({ id }) => id === best)?.name
  useEffect(() => {
    const timer = setTimeout(() => setText(name ?? ''), announceAfter)
    return () => clearTimeout(timer)
  }, [name])
  return (
    <p class="hidden" aria-live="polite">
      {text && `It sees ${text}`}
    </p>
  )
}
