/** What `readme-examples.test.ts` runs in a page with a fake camera. */
import { createClassifier } from '@mobileone/sdk'
import { watchCamera } from './camera-example.ts'

async function run(): Promise<{ shown: string[]; live: number }> {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
  const tracks: MediaStreamTrack[] = []
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints)
    tracks.push(...stream.getTracks())
    return stream
  }
  await using classifier = await createClassifier({
    model: new URL('/assets/fashion-mnist.safetensors', location.href),
    cache: false,
  })
  const controller = new AbortController()
  const shown: string[] = []
  const show = (text: string): void => {
    if (shown.push(text) === 5) controller.abort()
  }
  await watchCamera(classifier, show, controller.signal)
  return { shown, live: tracks.filter(({ readyState }) => readyState === 'live').length }
}

Object.assign(globalThis, { run })
