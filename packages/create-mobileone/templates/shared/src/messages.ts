import type { CameraState, ClassifierState } from '@mobileone/sdk/lifecycle'

const noCamera = {
  denied:
    'The camera is not allowed. Allow it for this page in the browser and the system, or choose a picture.',
  absent: 'There is no camera. Connect one, or choose a picture.',
  busy: 'The camera does not start. Close what else uses it, or choose a picture.',
  unsuitable: 'No camera fits. Choose a picture.',
  insecure: 'Browsers have cameras over https and on localhost alone. Choose a picture.',
  ended: 'The camera was taken away. Connect it and start again.',
}

/** What went wrong, for people; empty where nothing did. */
export function faultOf(
  network: Pick<ClassifierState, 'status' | 'error'>,
  camera: Pick<CameraState, 'status' | 'error'>,
  picture: { readonly error?: Error | undefined } | undefined,
): string {
  if (network.error) return `The network cannot be loaded: ${network.error.message}`
  if (camera.error) return camera.error.reason ? noCamera[camera.error.reason] : camera.error.message
  return picture?.error ? `The picture cannot be read: ${picture.error.message}` : ''
}

/** What happens now, for people. */
export function statusOf(
  network: Pick<ClassifierState, 'status' | 'error'>,
  camera: Pick<CameraState, 'status' | 'error'>,
  picture: { readonly predictions?: readonly { readonly label: string }[] } | undefined,
): string {
  if (network.status === 'loading') return 'The network is loading …'
  if (camera.status === 'starting') return 'Waiting for the camera …'
  if (camera.status === 'live') return 'The camera is on. No picture leaves this device.'
  const best = picture?.predictions?.[0]
  return best ? `This looks like: ${best.label}` : ''
}
