/** What the browser keeps of published weights. Loaded when it is asked for. */
import { hubUrl, isCached, knownSources, openDefaultCache, parseHubFile } from '@mobileone/hub'
import type { PublishedId } from './models.ts'

/** How much of a file of weights is on this device. */
export interface Kept {
  readonly isWhole: boolean
  /** Bytes of a download that was stopped; 0 without one. */
  readonly part: number
}

const hub = new URL('https://huggingface.co')

/** What is kept of the weights of `model`; asks no server. Nothing where the browser keeps nothing. */
export async function keptOf(model: PublishedId): Promise<Kept> {
  const source = knownSources[model].hub
  if (await isCached(source)) return { isWhole: true, part: 0 }
  const file = parseHubFile(source)
  let part = 0
  for (const { url, bytes } of await entries()) {
    if (file && url === hubUrl(file, hub).href) part = bytes
  }
  return { isWhole: false, part }
}

/** Bytes of weights, folded forms and stopped downloads, of all models. */
export async function keptBytes(): Promise<number> {
  return (await entries()).reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * Delete all of it.
 * @throws MobileOneError `unavailable` where the browser keeps nothing.
 */
export async function forgetWeights(): Promise<void> {
  await (await openDefaultCache()).clear()
}

/** Stopped downloads are in a cache of their own, whose name begins as that of the whole ones does. */
async function entries(): Promise<readonly { readonly url: string; readonly bytes: number }[]> {
  try {
    const { name } = await openDefaultCache()
    const names = (await caches.keys()).filter((each) => each.startsWith(name))
    const lists = await Promise.all(
      names.map(async (each) => {
        const cache = await caches.open(each)
        return Promise.all(
          (await cache.keys()).map(async (request) => {
            const response = await cache.match(request)
            return { url: request.url, bytes: Number(response?.headers.get('content-length') ?? 0) }
          }),
        )
      }),
    )
    return lists.flat()
  } catch {
    return []
  }
}
