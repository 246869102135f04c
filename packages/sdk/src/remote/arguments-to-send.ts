/** What a call was given, as `postMessage` takes it: elements as frames or bitmaps, responses as their bodies. */

import type { DecodeOptions } from '@mobileone/vision'
import type { Luggage, Unreadable } from './calls.ts'
import { rare } from './load-rare.ts'
import { mark } from './mark.ts'
import { given } from './transfer.ts'

/** `imageLimits.maxPixels` of the vision package, of which a page loads nothing else. */
const usualLimit = 1e8

/** `value` of the key `key`, to be sent. Everything is read, and copied, at the time of the call; so is the signal found. */
export async function toSend(value: unknown, luggage: Luggage, key = ''): Promise<unknown> {
  // Progress, times and warnings, which hold no errors.
  if (typeof value === 'function' && /^on[PTW]/.test(key)) {
    return { [mark]: 'callback', key: luggage.callbacks.push(value as never) - 1 }
  }
  const buffer = (value as ArrayBufferView | null | undefined)?.buffer as ArrayBuffer
  if (given.has(value as object) || given.has(buffer)) {
    luggage.transfer.add(buffer ?? value)
    return value
  }
  // A view is sent without the rest of its buffer, unless that is shared. Node's Buffer has another `slice`, which does no harm.
  if (buffer instanceof ArrayBuffer) return (value as Uint8Array).slice?.() ?? value
  if (value instanceof AbortSignal) {
    luggage.signal = value
    return { [mark]: 'signal' }
  }
  if (value instanceof URL) return value.href
  if (value instanceof Response || value === 'ignore' || typeof value === 'function') {
    return (await rare()).toSendRarely(value, luggage, key)
  }
  const kind = Object.prototype.toString.call(value)
  if (/Element|OffscreenC/.test(kind)) {
    const picture = snapshot(value as HTMLVideoElement & HTMLImageElement, luggage)
    luggage.made.push(picture)
    luggage.transfer.add(await picture)
    return picture
  }
  const sent: Record<string, unknown> | false = Array.isArray(value)
    ? ([...value] as never)
    : kind === '[object Object]' && { ...(value as object) }
  if (!sent) return value
  await Promise.all(
    Object.keys(sent).map(async (name) => {
      sent[name] = await toSend(sent[name], luggage, name)
    }),
  )
  return sent
}

/** What an element shows now, its colours and alpha as stored. Too large a picture is refused before it is decoded or copied. */
async function snapshot(
  element: HTMLVideoElement & HTMLImageElement,
  { args }: Luggage,
): Promise<ImageBitmap | VideoFrame> {
  const check = (): void => {
    const limit = (args as readonly DecodeOptions[]).reduce(
      (last, each) => each?.maxPixels ?? last,
      usualLimit,
    )
    const width = element.videoWidth || element.naturalWidth || element.width
    const height = element.videoHeight || element.naturalHeight || element.height
    if (width * height > limit) throw limit
  }
  try {
    check()
    if (element.videoWidth && globalThis.VideoFrame) return new VideoFrame(element)
    await element.decode?.()
    check()
    return await createImageBitmap(element, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (cause) {
    throw { element, cause } satisfies Unreadable
  }
}
