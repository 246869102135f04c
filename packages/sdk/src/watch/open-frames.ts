import { MobileOneError } from '@mobileone/core'
import type { ImageSource } from '@mobileone/vision'
import { elementFrames } from './element-frames.ts'
import type { FrameSource } from './frame.ts'
import { allOf, newestOf, readerOf } from './iterable-frames.ts'
import { trackFrames } from './track-frames.ts'

/** A playing video, a camera's stream or track, or pictures as they come: a generator, a `ReadableStream<VideoFrame>`. */
export type WatchSource =
  | HTMLVideoElement
  | MediaStreamTrack
  | MediaStream
  | AsyncIterable<ImageSource>
  | ReadableStream<VideoFrame>

/**
 * The frames of `source`, on the thread that has it.
 * @param ready Awaited before a picture is asked of an iterable.
 * @throws MobileOneError `invalid-argument` for what is no source, `unsupported` for every frame of what only shows its newest,
 * `unavailable` for a track where this browser cannot read one.
 */
export async function openFrames(
  source: WatchSource,
  frames: 'newest' | 'all',
  ready: () => Promise<void>,
): Promise<FrameSource> {
  const given: unknown = source
  if (typeof given === 'object' && given !== null) {
    const images =
      'getReader' in given
        ? readerOf(given as ReadableStream<ImageSource>)
        : Symbol.asyncIterator in given
          ? (given as AsyncIterable<ImageSource>)[Symbol.asyncIterator]()
          : undefined
    if (images) return frames === 'all' ? allOf(images) : newestOf(images, ready)
    const isElement = 'videoWidth' in given
    const [track] = 'getVideoTracks' in given ? (given as MediaStream).getVideoTracks() : [given]
    if (!track) throw new MobileOneError('invalid-argument', 'watch: the stream has no track of video')
    if (isElement || 'getSettings' in track) {
      if (frames === 'all') {
        throw new MobileOneError(
          'unsupported',
          "watch: frames: 'all' needs an iterable of pictures; a video or a track gives its newest frame",
        )
      }
      return isElement
        ? elementFrames(given as HTMLVideoElement)
        : trackFrames(track as MediaStreamTrack, ready)
    }
  }
  throw new MobileOneError(
    'invalid-argument',
    `watch takes a video element, a MediaStream, a MediaStreamTrack or an asynchronous iterable of pictures, not ${Object.prototype.toString.call(given).slice(8, -1)}`,
  )
}
