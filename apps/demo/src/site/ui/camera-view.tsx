/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { ComponentChildren, JSX } from 'preact'
import { cameraNames } from './camera-names.ts'
import type { Camera } from './use-camera.ts'
import './camera-view.css'

interface Props {
  readonly camera: Camera
  /** Over the picture. */
  readonly children?: ComponentChildren
  /** Beside the button that starts and stops it. */
  readonly controls?: ComponentChildren
}

/** What a camera sees, the button that switches it on and off, and in words why there is none. */
export function CameraView({ camera, children, controls }: Props): JSX.Element {
  const { status, error, devices, deviceId } = camera
  const names = cameraNames(devices)
  const isOn = status === 'live' || status === 'starting'
  return (
    <div class="camera">
      <div class="frame">
        <video
          ref={camera.attach}
          class={camera.isMirrored ? 'mirrored' : ''}
          autoplay
          muted
          playsInline
          aria-label="What the camera sees"
        />
        {status !== 'live' && (
          <p class="veil">{status === 'starting' ? 'Waiting for the camera…' : 'The camera is off.'}</p>
        )}
        {children}
      </div>
      <div class="row">
        <button type="button" class={isOn ? 'quiet' : ''} onClick={isOn ? camera.stop : camera.start}>
          {isOn ? 'Stop the camera' : 'Start the camera'}
        </button>
        {devices.length > 1 && (
          <select
            aria-label="Camera"
            value={deviceId}
            onChange={({ currentTarget }) => camera.choose(currentTarget.value)}
          >
            {devices.map((device, index) => (
              <option key={device.deviceId} value={device.deviceId}>
                {names[index]}
              </option>
            ))}
          </select>
        )}
        {controls}
      </div>
      {error && (
        <Notice kind="error" title="There is no picture">
          {sentence(error.message)}
        </Notice>
      )}
    </div>
  )
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
