/** What `browser.test.ts` runs in a page, with React's development build. */
import { type LoadedClassifier, useClassifier } from '@mobileone/react'
import { createWorkerClassifier } from '@mobileone/sdk/worker'
import { StrictMode, useEffect } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { colours, counted, until } from '../../sdk/test/lifecycle-model.ts'
import { CameraPage } from './camera-example.tsx'
import { PhotoPage } from './photo-example.tsx'

/** What React complained of. */
const complaints: string[] = []
console.error = (...message: unknown[]) => complaints.push(message.join(' '))

const model = { ...colours, card: { labels: ['red', 'green', 'blue'] } }
const green = new ImageData(
  Uint8ClampedArray.from({ length: 64 }, (_, i) => [0, 255, 0, 255][i % 4]!),
  4,
)

interface ProbeProps {
  readonly create: ReturnType<typeof counted>['create']
  readonly labels?: readonly string[]
  readonly seen: LoadedClassifier[]
}

function Probe({ create, labels = ['red', 'green', 'blue'], seen }: ProbeProps) {
  const held = useClassifier({ model, labels: [...labels], create: (options) => create(options) })
  seen.push(held)
  return <p>{held.status}</p>
}

function open(): { root: Root; box: HTMLElement } {
  const box = document.body.appendChild(document.createElement('div'))
  return { root: createRoot(box), box }
}

/** In strict mode: mount, classify, render again with equal and with other options, unmount. */
async function life() {
  const { count, create } = counted()
  const seen: LoadedClassifier[] = []
  const { root, box } = open()
  const render = (labels?: readonly string[]): void =>
    root.render(
      <StrictMode>
        <Probe create={create} seen={seen} {...(labels && { labels })} />
      </StrictMode>,
    )
  render()
  await until(() => box.textContent === 'ready')
  for (let i = 0; i < 5; i++) render()
  const found = [await seen[0]!.classify(green, { topK: 1 })]
  const before = count.calls
  render(['rot', 'grün', 'blau'])
  await until(() => count.executors === 2 && box.textContent === 'ready')
  found.push(await seen.at(-1)!.classify(green, { topK: 1 }))
  const isStable = seen.every(
    ({ classify, reload }) => classify === seen[0]!.classify && reload === seen[0]!.reload,
  )
  root.unmount()
  const renders = seen.length
  await until(() => count.alive === 0)
  const late = await seen[0]!.classify(green).catch(({ code }) => code)
  return {
    before,
    count,
    first: seen[0]!.status,
    found: found.map(([best]) => best?.label),
    isStable,
    late,
    rendersAfterwards: seen.length - renders,
    complaints,
  }
}

/** Mount and unmount in strict mode, every second one before it is ready. */
async function leaks(times: number) {
  const { count, create } = counted()
  for (let i = 0; i < times; i++) {
    const { root, box } = open()
    root.render(
      <StrictMode>
        <Probe create={create} seen={[]} />
      </StrictMode>,
    )
    await (i % 2 === 0 ? until(() => box.textContent === 'ready') : until(() => box.textContent))
    root.unmount()
    box.remove()
  }
  await until(() => count.alive === 0)
  return { count, complaints }
}

/** Rendered on a server, then taken over. */
async function hydrate() {
  const { count, create } = counted()
  const app = (
    <StrictMode>
      <Probe create={create} seen={[]} />
      <CameraPage model={model} />
    </StrictMode>
  )
  const html = renderToString(app)
  const serverCalls = count.calls
  const box = document.body.appendChild(document.createElement('div'))
  box.innerHTML = html
  const mismatches: unknown[] = []
  const root = hydrateRoot(box, app, { onRecoverableError: (error) => mismatches.push(String(error)) })
  await until(() => box.querySelector('p')?.textContent === 'ready')
  root.unmount()
  await until(() => count.alive === 0)
  return { html, serverCalls, mismatches, count, complaints }
}

function Mounts({ count }: { count: () => void }) {
  useEffect(() => count(), [count])
  return null
}

/** The camera page of the README: start, see something, go away. Strict mode turns a camera off that was started before its second mount. */
async function camera() {
  const tracks: MediaStreamTrack[] = []
  const devices = navigator.mediaDevices
  const original = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (constraints) => {
    const stream = await original(constraints)
    tracks.push(...stream.getTracks())
    return stream
  }
  let mounts = 0
  const { root, box } = open()
  root.render(
    <StrictMode>
      <CameraPage model={model} />
      <Mounts count={() => void mounts++} />
    </StrictMode>,
  )
  const button = (): HTMLButtonElement => box.querySelector('button')!
  await until(() => mounts === 2)
  const asked = tracks.length
  button().click()
  await until(() => box.querySelectorAll('li').length === 3 || box.querySelector('p')?.textContent)
  const alert = box.querySelector('p')!.textContent
  const items = box.querySelectorAll('li').length
  const live = tracks.map(({ readyState }) => readyState)
  if (!alert) {
    button().click()
    await until(() => button().textContent === 'Start')
    button().click()
    await until(() => box.querySelectorAll('li').length === 3)
  }
  root.unmount()
  devices.getUserMedia = original
  return { asked, alert, items, live, after: tracks.map(({ readyState }) => readyState), complaints }
}

function InWorker({ seen }: { seen: LoadedClassifier[] }) {
  const held = useClassifier({ model, create: createWorkerClassifier, worker: '/sdk/classifier-worker.mjs' })
  seen.push(held)
  return <p>{held.status}</p>
}

/** The classifier in a worker. */
async function worker() {
  const seen: LoadedClassifier[] = []
  const { root, box } = open()
  root.render(
    <StrictMode>
      <InWorker seen={seen} />
    </StrictMode>,
  )
  await until(() => box.textContent === 'ready' || box.textContent === 'error')
  const { error, classifier } = seen.at(-1) as LoadedClassifier
  const found = await seen[0]?.classify(green, { topK: 1 })
  root.unmount()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const code = await classifier?.classify(green).catch((late) => late.code)
  return { error: error?.message, found: found?.[0]?.label, code, complaints }
}

/** The page of the README for photographs: a file chosen before the network is there, and a fault that goes away. */
async function photo() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 })
  const context = canvas.getContext('2d')!
  context.fillStyle = 'blue'
  context.fillRect(0, 0, 8, 8)
  const blob = await new Promise<Blob>((resolve) => canvas.toBlob((made) => resolve(made!)))
  const { root, box } = open()
  // As soon as there is something to choose with, before React has time for effects that may wait.
  const shown = new Promise((resolve) => new MutationObserver(resolve).observe(box, { childList: true }))
  root.render(<PhotoPage model={model} />)
  await shown
  const transfer = new DataTransfer()
  transfer.items.add(new File([blob], 'blue.png', { type: 'image/png' }))
  const input = box.querySelector('input')!
  input.files = transfer.files
  input.dispatchEvent(new Event('change', { bubbles: true }))
  await until(() => box.textContent !== 'Choose a photograph')
  const found = box.textContent
  root.render(<PhotoPage model="/nowhere.safetensors" />)
  await until(() => box.querySelector('button'))
  const fault = box.textContent
  root.unmount()
  return { found, fault, complaints }
}

Object.assign(globalThis, { life, leaks, hydrate, camera, worker, photo })
