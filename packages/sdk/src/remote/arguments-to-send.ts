/** What a call was given, as `postMessage` takes it: elements as frames or bitmaps, responses as their bodies. */

import type { Luggage } from './calls.ts'
import { rare } from './load-rare.ts'
import { mark } from './mark.ts'
import { given } from './transfer.ts'

/**
 * `value` of the key `key`, to be sent. Everything is read, and copied, at the time of the call.
 * @param args All that the call was given, where a limit may stand.
 */
export async function toSend(
  value: unknown,
  key: string,
  luggage: Luggage,
  args: readonly unknown[],
): Promise<unknown> {
  // Any other function is refused by postMessage.
  if (typeof value === 'function' && /^on[A-Z]/.test(key)) {
    return { [mark]: 'callback', key: luggage.callbacks.push(value as never) - 1 }
  }
  if (typeof value !== 'object' || !value) return value
  const { buffer } = value as ArrayBufferView
  if (given.has(value) || given.has(buffer)) {
    luggage.transfer.add((buffer as ArrayBuffer) ?? value)
    return value
  }
  // A view is sent without the rest of its buffer, unless that is shared. Node's Buffer has another `slice`, which does no harm.
  if (buffer instanceof ArrayBuffer) return (value as Uint8Array).slice?.() ?? value
  if (value instanceof AbortSignal) return { [mark]: 'signal' }
  if (value instanceof URL) return value.href
  if (value instanceof Response) return (await rare()).bodyOf(value, args)
  const isList = Array.isArray(value)
  const kind = Object.prototype.toString.call(value)
  if (isList || kind === '[object Object]') {
    const entries = Object.entries(value).map(async ([name, each]) => [
      name,
      await toSend(each, name, luggage, args),
    ])
    const sent = Object.fromEntries(await Promise.all(entries))
    return isList ? Object.values(sent) : sent
  }
  if (!/Element|OffscreenC/.test(kind)) return value
  const picture = await snapshot(value as HTMLVideoElement & HTMLImageElement)
  luggage.onMade(picture)
  luggage.transfer.add(picture)
  return picture
}

/** What an element shows now, its colours and alpha as stored. */
async function snapshot(element: HTMLVideoElement & HTMLImageElement): Promise<ImageBitmap | VideoFrame> {
  try {
    if (element.videoWidth && globalThis.VideoFrame) return new VideoFrame(element)
    await element.decode?.()
    return await createImageBitmap(element, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (cause) {
    throw (await rare()).unreadable(element, cause)
  }
}
