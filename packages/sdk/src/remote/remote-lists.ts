/** What a classifier of another thread does with lists and videos, whose pictures are here. */
import type { ImageSources } from '@mobileone/vision'
import type { Classifier } from '../classifier.ts'
import { reported } from '../list-progress.ts'
import type { ListOptions } from '../run-options.ts'
import type { WatchSource } from '../watch/open-frames.ts'
import { type FrameResults, type WatchOptions, watch } from '../watch/watch.ts'
import { optionsOver } from './arguments.ts'
import type { MethodName, Remote } from './protocol.ts'

/** The results of `method`, each with the source that it belongs to, which stayed here. */
export async function* each(
  remote: Remote,
  method: MethodName,
  [images, given]: readonly unknown[],
  defaults: object,
): AsyncGenerator<unknown, void, undefined> {
  const { onProgress, ...run } = optionsOver(defaults, method, given) as ListOptions
  const results = withSources(images, (items) => remote.stream(method, [items, run]))
  yield* reported(results, method.replace('Each', ''), images as ImageSources, {
    ...(onProgress && { onProgress }),
  })
}

/** Frames are taken here, where the video is, and run there. */
export function watchFrames(
  classifier: Pick<Classifier, 'labels' | 'logits'>,
  [source, given]: readonly unknown[],
  defaults: object,
): FrameResults {
  return watch(classifier, source as WatchSource, optionsOver(defaults, 'watch', given) as WatchOptions)
}

async function* withSources(
  images: unknown,
  open: (items: unknown) => AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<unknown, void, undefined> {
  const sources: unknown[] = []
  const isIterable =
    typeof images === 'object' &&
    images !== null &&
    (Symbol.iterator in images || Symbol.asyncIterator in images)
  async function* recorded(): AsyncGenerator<unknown, void, undefined> {
    for await (const source of images as AsyncIterable<unknown>) {
      sources.push(source)
      yield source
    }
  }
  for await (const result of open(isIterable && !ArrayBuffer.isView(images) ? recorded() : images)) {
    yield { ...(result as object), source: sources.shift() }
  }
}
