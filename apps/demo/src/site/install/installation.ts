import { type ReadonlySignal, signal } from '@preact/signals'
import type { FromPage } from '../../service-worker/service-worker.ts'
import { engine } from '../state/engine.ts'

/** `kept`: the page works without a connection. */
const isKept = signal(false)
/** `waiting`: a new version is there. `replaced`: another tab has taken it. */
const newVersion = signal<'none' | 'waiting' | 'replaced'>('none')

/** Whether every file of the page is kept on this device. */
export const keptOffline: ReadonlySignal<boolean> = isKept
export const update: ReadonlySignal<'none' | 'waiting' | 'replaced'> = newVersion

/** Often enough for a page that stays open for days. */
const checkInterval = 60 * 60 * 1000
/** A page that cannot load its model is worth keeping too. */
const longestWait = 15_000

let registered: ServiceWorkerRegistration | undefined
let isReloading = false

/** Keep the page on this device, once the first view can be used: nothing competes with what the visitor waits for. */
export function keepOffline(): void {
  // While developing, what is kept would hide what has changed.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const begin = (): void => {
    stopWaiting()
    clearTimeout(timer)
    idle(() => void register())
  }
  const timer = setTimeout(begin, longestWait)
  const stopWaiting = engine.subscribe(({ status }) => {
    if (status === 'ready') queueMicrotask(begin)
  })
}

/** Take the version that waits: this page and all others reload. */
export function takeUpdate(): void {
  if (newVersion.peek() === 'replaced' || !registered?.waiting) {
    location.reload()
    return
  }
  isReloading = true
  registered.waiting.postMessage('take-over' satisfies FromPage)
}

async function register(): Promise<void> {
  const { serviceWorker } = navigator
  const hadController = serviceWorker.controller !== null
  serviceWorker.addEventListener('controllerchange', () => {
    if (isReloading) location.reload()
    // The first worker changes nothing: it keeps what this page was loaded from.
    else if (hadController) newVersion.value = 'replaced'
  })
  try {
    registered = await serviceWorker.register('./service-worker.js', { updateViaCache: 'none' })
  } catch {
    // Without storage, or in a private window of some browsers: the page works, and needs a connection.
    return
  }
  if (!registered) return
  watchUpdates(registered)
  setInterval(() => registered?.update().catch(() => {}), checkInterval)
  const { active } = await serviceWorker.ready
  if (active && !savesData()) isKept.value = await keepRest(active)
}

function watchUpdates(registration: ServiceWorkerRegistration): void {
  const look = (): void => {
    if (registration.waiting && navigator.serviceWorker.controller) newVersion.value = 'waiting'
  }
  look()
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', look)
  })
}

function keepRest(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => {
      port1.close()
      resolve(data === true)
    }
    worker.postMessage('keep-rest' satisfies FromPage, [port2])
  })
}

function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}

function idle(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 3000 })
  else setTimeout(work, 500)
}
