/** Pictures in a form that another thread can be sent. Frames and bitmaps made here are given away. */
import { MobileOneError } from '@mobileone/core'
import { transfer } from './transfer.ts'

/**
 * `source`, or all of a list or of a record of lists, ready to be sent: relative addresses resolved, elements as frames or bitmaps,
 * responses as their bodies of at most `maxBytes`. A promise only where one has to be waited for.
 */
export function prepareSources(source: unknown, maxBytes = 2 ** 26): unknown {
  if (typeof source === 'string') return resolveAddress(source)
  if (typeof source !== 'object' || source === null) return source
  if (Array.isArray(source))
    return all(
      source.map((each) => prepareSources(each, maxBytes)),
      (list) => list,
    )
  if (typeof Response !== 'undefined' && source instanceof Response) return prepareResponse(source, maxBytes)
  const kind = Object.prototype.toString.call(source).slice('[object '.length, -1)
  switch (kind) {
    case 'HTMLVideoElement':
    case 'HTMLImageElement':
    case 'SVGImageElement':
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas':
      return snapshot(kind, source as HTMLImageElement & HTMLVideoElement)
    case 'Object':
      // Pixels and tensors are no records of lists.
      if ('data' in source) return source
      return all(
        Object.values(source).map((each) => prepareSources(each, maxBytes)),
        (values) => Object.fromEntries(Object.keys(source).map((label, index) => [label, values[index]])),
      )
    default:
      return source
  }
}

function all(values: unknown[], finish: (values: unknown[]) => unknown): unknown {
  return values.some((value) => value instanceof Promise) ? Promise.all(values).then(finish) : finish(values)
}

/** Addresses are relative to the page, not to the worker's script. */
export function resolveAddress(address: string): string {
  const base = globalThis.document?.baseURI
  return base !== undefined && URL.canParse(address, base) ? new URL(address, base).href : address
}

/** The body, as far as it is allowed to go: the other thread gets it whole. */
async function prepareResponse(response: Response, maxBytes: number): Promise<unknown> {
  const name = response.url || 'the response'
  if (!response.ok) throw new MobileOneError('network', `${name} was answered with ${response.status}`)
  const reader = response.body?.getReader()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      chunks.push(next.value)
      bytes += next.value.byteLength
      if (bytes > maxBytes) break
    }
  } catch (cause) {
    throw new MobileOneError('network', `${name} cannot be read`, { cause })
  }
  if (bytes > maxBytes) {
    reader?.cancel().catch(() => {})
    throw new MobileOneError(
      'invalid-input',
      `${name} has more than the ${maxBytes} bytes allowed; raise maxBytes`,
    )
  }
  return new Blob(chunks)
}

/** What an element shows now, its colours and alpha as stored. */
async function snapshot(kind: string, element: HTMLImageElement & HTMLVideoElement): Promise<unknown> {
  try {
    if (kind === 'HTMLVideoElement') {
      if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
        throw new MobileOneError('invalid-input', 'the video has no frame yet; wait for its loadeddata event')
      }
      return transfer(
        typeof VideoFrame === 'undefined' ? await createImageBitmap(element) : new VideoFrame(element),
      )
    }
    await element.decode?.()
    return transfer(
      await createImageBitmap(element, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }),
    )
  } catch (cause) {
    if (cause instanceof MobileOneError) throw cause
    const { name, message } = cause as Error
    throw new MobileOneError(
      name === 'EncodingError' ? 'invalid-file' : 'invalid-input',
      name === 'SecurityError'
        ? `the ${kind} comes from another origin; set crossorigin="anonymous" on it and send CORS headers`
        : `the ${kind} cannot be read: ${message}`,
      { cause },
    )
  }
}
