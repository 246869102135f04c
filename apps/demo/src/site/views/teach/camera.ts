import { CameraSession, type CameraState } from '@mobileone/sdk/lifecycle'
import { type ReadonlySignal, signal } from '@preact/signals'

/** The camera of this view; off unless the visitor turns it on, and off again when the view is left. */
export const cameraSession: CameraSession = new CameraSession()
const state = signal<CameraState>(cameraSession.getState())
export const camera: ReadonlySignal<CameraState> = state
cameraSession.open()
cameraSession.subscribe(() => {
  state.value = cameraSession.getState()
})
