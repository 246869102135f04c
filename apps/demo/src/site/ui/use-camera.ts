import { CameraSession, type CameraState } from '@mobileone/sdk/lifecycle'
import { useEffect, useState } from 'preact/hooks'

/** A camera that the visitor may switch on and off; it is off when the component that has it is left. */
export interface Camera extends CameraState {
  readonly start: () => void
  readonly stop: () => void
  /** For the `ref` of the element that shows it. */
  readonly attach: (video: HTMLVideoElement | null) => void
  /** Cameras to choose from; none before one is on, since browsers name them only then. */
  readonly devices: readonly MediaDeviceInfo[]
  readonly deviceId: string | undefined
  readonly choose: (deviceId: string) => void
  /** Whether people expect to see themselves as in a mirror: any camera but a rear one. */
  readonly isMirrored: boolean
}

const size = { width: { ideal: 640 }, height: { ideal: 480 } }

/** One camera for the component that calls this. */
export function useCamera(): Camera {
  const [session] = useState(() => new CameraSession())
  const [state, setState] = useState(session.getState())
  const [wanted, setWanted] = useState<string>()
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([])

  useEffect(() => session.subscribe(() => setState(session.getState())), [])
  useEffect(() => {
    session.open({
      constraints: { ...size, ...(wanted ? { deviceId: { exact: wanted } } : { facingMode: 'environment' }) },
    })
  }, [wanted])
  useEffect(() => session.close, [])

  const settings = state.stream?.getVideoTracks()[0]?.getSettings()
  useEffect(() => {
    if (!state.stream) return
    let isCurrent = true
    navigator.mediaDevices.enumerateDevices().then((all) => {
      if (isCurrent) setDevices(all.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId))
    })
    return () => {
      isCurrent = false
    }
  }, [state.stream])

  return {
    ...state,
    start: session.start,
    stop: session.stop,
    attach: session.attach,
    devices,
    deviceId: settings?.deviceId ?? wanted,
    choose: setWanted,
    isMirrored: settings?.facingMode !== 'environment',
  }
}
