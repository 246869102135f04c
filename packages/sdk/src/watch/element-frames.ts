import { MobileOneError } from '@mobileone/core'
import type { FrameSource } from './frame.ts'
import { NewestFrame } from './newest-frame.ts'

/** Enough data to draw the current picture. */
const haveCurrentData = 2

/** How often, in milliseconds, to look whether a stream still has a live track: stopping one tells nobody. */
const liveInterval = 250

/**
 * The pictures a video element shows, until it ends or the tracks of its stream do: by requestVideoFrameCallback where the browser has it, else by looking at its
 * clock before each repaint.
 * @throws MobileOneError `invalid-input`, from `next`, where the element cannot play its source.
 */
export function elementFrames(video: HTMLVideoElement, onStop: () => void = () => {}): FrameSource {
  const hasCallback = 'requestVideoFrameCallback' in video
  let request = 0
  let seen: number | undefined

  const put = (seconds: number, missed = 0): void => {
    // What a stream shows after its end is no picture.
    if (video.readyState < haveCurrentData || hasEnded(video)) return
    const { videoWidth: width, videoHeight: height } = video
    newest.put({ image: video, timestamp: seconds * 1000, width, height, close() {} }, missed)
  }
  const onFrame: VideoFrameRequestCallback = (_, { mediaTime, presentedFrames }) => {
    const missed = seen === undefined ? 0 : Math.max(0, presentedFrames - seen - 1)
    seen = presentedFrames
    put(mediaTime, missed)
    request = video.requestVideoFrameCallback(onFrame)
  }
  const onRepaint = (): void => {
    const { currentTime } = video
    if (currentTime !== seen) {
      seen = currentTime
      put(currentTime)
    }
    request = requestAnimationFrame(onRepaint)
  }
  const onEnded = (): void => newest.end()
  const onError = (): void =>
    newest.end(
      new MobileOneError(
        'invalid-input',
        `watch: the video cannot be played: ${video.error?.message || 'its source failed'}; check its address and format`,
      ),
    )

  const newest = new NewestFrame(() => {
    if (hasCallback) video.cancelVideoFrameCallback(request)
    else cancelAnimationFrame(request)
    clearInterval(timer)
    video.removeEventListener('ended', onEnded)
    video.removeEventListener('error', onError)
    onStop()
  })
  video.addEventListener('ended', onEnded)
  video.addEventListener('error', onError)
  if (hasEnded(video)) onEnded()
  if (video.error) onError()
  const timer = setInterval(() => hasEnded(video) && onEnded(), liveInterval)
  if (hasCallback) request = video.requestVideoFrameCallback(onFrame)
  else onRepaint()
  return newest
}

function hasEnded({ ended, srcObject }: HTMLVideoElement): boolean {
  if (ended || !srcObject || !('getVideoTracks' in srcObject)) return ended
  return srcObject.getVideoTracks().every(({ readyState }) => readyState === 'ended')
}
