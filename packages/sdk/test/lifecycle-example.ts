import { type CameraOptions, CameraSession, type CameraState } from '@mobileone/sdk/lifecycle'

/** A camera for as long as `signal` lets it; `render` is told of every change. */
export function openCamera(
  options: CameraOptions,
  signal: AbortSignal,
  render: (state: CameraState) => void,
) {
  const camera = new CameraSession()
  camera.subscribe(() => render(camera.getState()))
  camera.open(options)
  signal.addEventListener('abort', camera.close)
  return camera
}
