/** What `browser.test.ts` runs in a page, with Vue's development build. */
import { type ClassifierSetup, type LoadedClassifier, useClassifier } from '@mobileone/vue'
import {
  createApp,
  createSSRApp,
  effectScope,
  h,
  KeepAlive,
  reactive,
  ref,
  type ShallowRef,
  shallowRef,
} from 'vue'
import { renderToString } from 'vue/server-renderer'
import { colours, counted, until } from '../../sdk/test/lifecycle-model.ts'
import CameraPage from './CameraPage.vue'
import { Probe } from './components.ts'

/** What Vue complained of. */
const complaints: string[] = []
console.warn = console.error = (...message: unknown[]) => complaints.push(message.join(' '))

const labels = ['red', 'green', 'blue']
const model = { ...colours, card: { labels } }
const green = new ImageData(
  Uint8ClampedArray.from({ length: 64 }, (_, i) => [0, 255, 0, 255][i % 4]!),
  4,
)
const makeBox = (): HTMLElement => document.body.appendChild(document.createElement('div'))

function open(setup: ShallowRef<ClassifierSetup | undefined>) {
  const seen: LoadedClassifier[] = []
  const app = createApp({ render: () => h(Probe, { setup: ref(setup) as never, seen }) })
  const box = makeBox()
  app.mount(box)
  return { app, box, held: seen[0] as LoadedClassifier }
}

/** Mount, classify, give equal and other options, none, and unmount. */
async function life() {
  const { count, create } = counted()
  const setup = shallowRef<ClassifierSetup | undefined>({ model, labels, create })
  const { app, box, held } = open(setup)
  const first = box.textContent
  const found = [await held.classify(green, { topK: 1 })]
  await until(() => box.textContent === 'ready')
  for (let i = 0; i < 5; i++) {
    setup.value = { model, labels: [...labels], create: (options) => create(options) }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const before = count.calls
  setup.value = { model, labels: ['rot', 'grün', 'blau'], create }
  await until(() => count.executors === 2 && box.textContent === 'ready')
  found.push(await held.classify(green, { topK: 1 }))
  setup.value = undefined
  await until(() => box.textContent === 'idle')
  setup.value = { model, labels, create }
  await until(() => box.textContent === 'ready')
  app.unmount()
  await until(() => count.alive === 0)
  const late = await held.classify(green).catch(({ code }) => code)
  return { first, before, count, found: found.map(([best]) => best?.label), late, complaints }
}

/** Options that are reactive themselves, outside of a component. */
async function scope() {
  const { count, create } = counted()
  const setup = reactive({ model, labels: [...labels], create }) as ClassifierSetup & { labels: string[] }
  const outside = effectScope()
  const held = outside.run(() => useClassifier(setup)) as LoadedClassifier
  const found = [await held.classify(green, { topK: 1 })]
  setup.labels[1] = 'grün'
  await until(() => count.calls === 2)
  found.push(await held.classify(green, { topK: 1 }))
  outside.stop()
  await until(() => count.alive === 0)
  setup.labels[1] = 'green'
  await new Promise((resolve) => setTimeout(resolve, 20))
  return { count, found: found.map(([best]) => best?.label), complaints }
}

/** Kept out of sight and shown again. */
async function kept() {
  const { count, create } = counted()
  const setup = shallowRef<ClassifierSetup | undefined>({ model, labels, create })
  const isShown = ref(true)
  const box = makeBox()
  const app = createApp({
    render: () => h(KeepAlive, () => (isShown.value ? h(Probe, { setup: ref(setup) as never }) : undefined)),
  })
  app.mount(box)
  await until(() => box.textContent === 'ready')
  isShown.value = false
  await until(() => count.alive === 0)
  const hidden = { ...count }
  isShown.value = true
  await until(() => box.textContent === 'ready')
  app.unmount()
  await until(() => count.alive === 0)
  return { hidden, count, complaints }
}

/** Mount and unmount, every second time before it is ready. */
async function leaks(times: number) {
  const { count, create } = counted()
  for (let i = 0; i < times; i++) {
    const { app, box } = open(shallowRef({ model, labels, create }))
    await until(() => (i % 2 === 0 ? box.textContent === 'ready' : count.calls === i + 1))
    app.unmount()
    box.remove()
  }
  await until(() => count.alive === 0)
  return { count, complaints }
}

/** Rendered on a server, then taken over. */
async function hydrate() {
  const { count, create } = counted()
  const setup = shallowRef<ClassifierSetup | undefined>({ model, labels, create })
  const render = () => [h(Probe, { setup: ref(setup) as never }), h(CameraPage, { model })]
  const html = await renderToString(createSSRApp({ render }))
  const serverCalls = count.calls
  const box = makeBox()
  box.innerHTML = html
  const app = createSSRApp({ render })
  app.mount(box)
  await until(() => box.querySelector('p')?.textContent === 'ready')
  app.unmount()
  await until(() => count.alive === 0)
  return { html, serverCalls, count, complaints }
}

/** The camera page of the README: start, see something, go away. */
async function camera() {
  const tracks: MediaStreamTrack[] = []
  const devices = navigator.mediaDevices
  const original = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (constraints) => {
    const stream = await original(constraints)
    tracks.push(...stream.getTracks())
    return stream
  }
  const box = makeBox()
  const app = createApp(CameraPage, { model })
  app.mount(box)
  const asked = tracks.length
  box.querySelector('button')?.click()
  await until(() => box.querySelectorAll('li').length === 3 || box.querySelector('p')?.textContent)
  const alert = box.querySelector('p')?.textContent
  const items = box.querySelectorAll('li').length
  const live = tracks.map(({ readyState }) => readyState)
  app.unmount()
  devices.getUserMedia = original
  return { asked, alert, items, live, after: tracks.map(({ readyState }) => readyState), complaints }
}

Object.assign(globalThis, { life, scope, kept, leaks, hydrate, camera })
