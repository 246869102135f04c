/** What a classifier of another thread does with lists and videos, whose pictures are here. */
import { MobileOneError } from '@mobileone/core'
import type { ImageSources } from '@mobileone/vision'
import type { Classifier } from '../classifier.ts'
import { reported } from '../list-progress.ts'
import type { ListOptions } from '../run-options.ts'
import type { WatchSource } from '../watch/open-frames.ts'
import { type FrameResults, type WatchOptions, watch } from '../watch/watch.ts'
import { optionsOver } from './arguments.ts'
import type { Calls, Connection } from './calls.ts'
import type { MethodName } from './protocol.ts'
import { type AnyIterable, stream } from './streams.ts'

/** What `method` iterates over. */
export function results(
  calls: Calls,
  handle: number,
  method: MethodName,
  [source, given]: readonly unknown[],
  defaults: object,
  classifier: Pick<Classifier, 'labels' | 'logits'>,
): FrameResults | AsyncGenerator<unknown, void, undefined> {
  const options = optionsOver(defaults, method, given)
  // Frames are taken here, where the video is, and run there.
  return method === 'watch'
    ? watch(classifier, source as WatchSource, options as WatchOptions)
    : each(calls, handle, method, source, options as ListOptions)
}

/** The results of `method`, each with the source that it belongs to, which stayed here. */
async function* each(
  calls: Calls,
  handle: number,
  method: MethodName,
  images: unknown,
  { onProgress, ...run }: ListOptions,
): AsyncGenerator<unknown, void, undefined> {
  const results = withSources(listOf(images), (items) =>
    calls.stream
      ? calls.stream(handle, method, [items, run])
      : stream(calls as Connection, handle, method, [items, run]),
  )
  yield* reported(results, method.replace('Each', ''), images as ImageSources, {
    ...(onProgress && { onProgress }),
  })
}

async function* withSources(
  images: AnyIterable,
  open: (items: AsyncIterable<unknown>) => AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<unknown, void, undefined> {
  const sources: unknown[] = []
  async function* recorded(): AsyncGenerator<unknown, void, undefined> {
    for await (const source of images) {
      sources.push(source)
      yield source
    }
  }
  for await (const result of open(recorded())) {
    yield { ...(result as object), source: sources.shift() }
  }
}

/** @throws MobileOneError `invalid-argument`, also of one picture's address or bytes. */
function listOf(images: unknown): AnyIterable {
  if (typeof images === 'object' && images !== null && !ArrayBuffer.isView(images)) {
    if (Symbol.iterator in images || Symbol.asyncIterator in images) return images as AnyIterable
  }
  throw new MobileOneError(
    'invalid-argument',
    `images to go through one by one must be a list or another iterable of image sources, not ${Object.prototype.toString.call(images)}`,
  )
}
