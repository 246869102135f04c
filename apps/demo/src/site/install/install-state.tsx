/** @jsxImportSource preact */
import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { keptOffline } from './installation.ts'

const isOnline = signal(navigator.onLine)
for (const type of ['online', 'offline']) {
  addEventListener(type, () => {
    isOnline.value = navigator.onLine
  })
}

/** Whether the page needs its connection, in a few words. */
export function InstallState(): JSX.Element {
  return <p role="status">{words()}</p>
}

function words(): string {
  if (!isOnline.value) {
    return keptOffline.value ? 'You are offline; everything but downloads works.' : 'You are offline.'
  }
  return keptOffline.value ? 'Works offline too.' : ''
}
