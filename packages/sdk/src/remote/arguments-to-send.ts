/** What a call was given, as `postMessage` takes it: elements as frames or bitmaps, responses as their bodies. */

import type { Luggage, Unreadable } from './calls.ts'
import { rare } from './load-rare.ts'
import { mark } from './mark.ts'
import { given } from './transfer.ts'

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
    const picture = snapshot(value as HTMLVideoElement & HTMLImageElement)
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

/** What an element shows now, its colours and alpha as stored. */
async function snapshot(element: HTMLVideoElement & HTMLImageElement): Promise<ImageBitmap | VideoFrame> {
  try {
    if (element.videoWidth && globalThis.VideoFrame) return new VideoFrame(element)
    await element.decode?.()
    return await createImageBitmap(element, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (cause) {
    throw { element, cause } satisfies Unreadable
  }
}
