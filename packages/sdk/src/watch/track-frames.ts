import { MobileOneError } from '@mobileone/core'
import { elementFrames } from './element-frames.ts'
import type { FrameSource } from './frame.ts'
import { newestOf, readerOf } from './iterable-frames.ts'

/** https://w3c.github.io/mediacapture-transform/: in Chromium's pages and workers, in Safari's workers. */
type TrackProcessor = new (init: {
  track: MediaStreamTrack
}) => { readonly readable: ReadableStream<VideoFrame> }

/**
 * The frames of a camera or another track, until it ends: by MediaStreamTrackProcessor where there is one, else through a video
 * element that is not shown. The track is the caller's: it goes on.
 * @throws MobileOneError `invalid-argument` for a track of sound, `unavailable` in a worker without MediaStreamTrackProcessor.
 */
export async function trackFrames(track: MediaStreamTrack, ready: () => Promise<void>): Promise<FrameSource> {
  if (track.kind !== 'video') {
    throw new MobileOneError('invalid-argument', `watch takes a track of video, not of ${track.kind}`)
  }
  const { MediaStreamTrackProcessor: Processor } = globalThis as {
    MediaStreamTrackProcessor?: TrackProcessor
  }
  if (Processor) return newestOf(readerOf(new Processor({ track }).readable), ready)
  if (typeof document === 'undefined') {
    throw new MobileOneError(
      'unavailable',
      'a worker of this browser cannot read a track (no MediaStreamTrackProcessor); watch it in the page',
    )
  }
  const video = document.createElement('video')
  video.muted = true
  video.playsInline = true
  video.srcObject = new MediaStream([track])
  const frames = elementFrames(video, () => {
    video.pause()
    video.srcObject = null
  })
  video.play().catch(() => {})
  return frames
}
