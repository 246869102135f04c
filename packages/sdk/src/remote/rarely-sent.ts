import { MobileOneError } from '@mobileone/core'
import type { DecodeOptions } from '@mobileone/vision'
import type { Luggage } from './calls.ts'
import { mark } from './mark.ts'
import { bodyOf } from './responses.ts'
import { unpacked } from './wire.ts'

/** `toSend` of what most calls are not given: responses, callbacks that may be told of errors, and `ignore` as the orientation. */
export async function toSendRarely(value: unknown, luggage: Luggage, key: string): Promise<unknown> {
  if (value instanceof Response) return bodyOf(value, luggage)
  if (typeof value === 'function') {
    // Any other function is refused by postMessage.
    if (!/^on[A-Z]/.test(key)) return value
    return { [mark]: 'callback', key: luggage.callbacks.push(unpacked(value as never)) - 1 }
  }
  checkUpright(luggage.args)
  return value
}

/**
 * Elements are sent as bitmaps, of which the other thread cannot know that they were turned.
 * @throws MobileOneError `unsupported` for an `<img>` among `args` whose orientation is to be ignored.
 */
export function checkUpright(args: readonly unknown[]): void {
  const said = args.map((each) => (each as DecodeOptions | null | undefined)?.orientation)
  const orientation = said.filter((each) => each !== undefined).at(-1)
  if (orientation !== 'ignore' || !hasImage(args)) return
  throw new MobileOneError(
    'unsupported',
    'browsers turn an <img> upright before its pixels can be read; to ignore the orientation pass its address or file',
  )
}

function hasImage(value: unknown): boolean {
  switch (Object.prototype.toString.call(value)) {
    case '[object HTMLImageElement]':
      return true
    case '[object Array]':
    case '[object Object]':
      return Object.values(value as object).some(hasImage)
    default:
      return false
  }
}
