import { MobileOneError } from '@mobileone/core'
import { type HubFile, hubUrl, parseHubFile } from './hub-file.ts'
import { knownSources } from './known-sources.ts'
import type { WeightSource } from './options.ts'
import type { Platform } from './platform.ts'

const weightsExtension = /\.(safetensors|pth|pt|tar|bin|ckpt)$/i

/** What a `WeightSource` names. */
export type ResolvedSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly blob: Blob; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: URL; readonly label: string; readonly hub?: HubFile }

/**
 * Decide what `source` is, without reading it. In Node an existing file wins over a hub id of the same spelling.
 * @throws MobileOneError `invalid-argument` when it is none of the accepted kinds.
 */
export async function resolveSource(
  source: WeightSource,
  endpoint: URL,
  platform: Platform,
): Promise<ResolvedSource> {
  if (source instanceof Uint8Array) return { kind: 'bytes', bytes: source }
  if (source instanceof ArrayBuffer) return { kind: 'bytes', bytes: new Uint8Array(source) }
  if (typeof source === 'object' && source !== null && 'slice' in source && 'size' in source) {
    const name = (source as Partial<File>).name
    return { kind: 'blob', blob: source, name: name ? `file:${name}` : 'blob' }
  }
  const text = typeof source === 'string' ? source.trim() : source instanceof URL ? source.href : ''
  if (text === '') {
    throw new MobileOneError(
      'invalid-argument',
      'the weights must be a hub id, a URL, a path, a File, a Blob or bytes, and not empty',
    )
  }

  if (/^https?:/i.test(text) || isOfExtension(text)) return urlSource(text)
  if (/^hf:/i.test(text)) {
    const hub = parseHubFile(text.replace(/^hf:(\/\/)?/i, ''))
    if (hub) return hubSource(hub, endpoint)
    throw new MobileOneError(
      'invalid-argument',
      `"${text}" is not a hub id: write hf:owner/name, optionally with @revision and /file`,
    )
  }
  const path = platform.toPath(text)
  const isExplicitPath = path !== undefined && (/^file:/i.test(text) || /^(\.|~|\/)|\\|^[A-Za-z]:/.test(text))
  if (isExplicitPath) return { kind: 'file', path }
  if (path === undefined && /^\.{0,2}\//.test(text)) return urlSource(text)
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text)) {
    throw new MobileOneError(
      'invalid-argument',
      `cannot read weights from "${text}"; use http:, https: or, in Node, file:`,
    )
  }
  if (path !== undefined && (await platform.isFile(path))) return { kind: 'file', path }

  const hub = parseHubFile(text)
  const looksLikeFile = hub !== undefined && text.split('/').length === 2 && weightsExtension.test(text)
  if (hub && !looksLikeFile) return hubSource(hub, endpoint)
  const variant = Object.hasOwn(knownSources, text)
    ? knownSources[text as keyof typeof knownSources]
    : undefined
  const hint = variant
    ? `the released ${text} is "${variant.hub}"`
    : 'give a hub id (owner/name), an http(s) URL or ' +
      (path === undefined ? 'a File; relative URLs start with /, ./ or ../' : 'the path of a file')
  throw new MobileOneError(
    'invalid-argument',
    path === undefined
      ? `"${text}" is not a source of weights; ${hint}`
      : `there is no file "${text}"; ${hint}`,
  )
}

function hubSource(hub: HubFile, endpoint: URL): ResolvedSource {
  const revision = hub.revision === 'main' ? '' : `@${hub.revision}`
  const file = hub.file === 'model.safetensors' ? '' : `/${hub.file}`
  return { kind: 'url', url: hubUrl(hub, endpoint), label: `${hub.id}${revision}${file}`, hub }
}

function urlSource(text: string): ResolvedSource {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  if (!URL.canParse(text, base)) {
    throw new MobileOneError('invalid-argument', `"${text}" is not a URL weights can be read from`)
  }
  const url = new URL(text, base)
  if (url.username || url.password) {
    throw new MobileOneError(
      'invalid-argument',
      `the address on ${url.host} carries a user name or password, which fetch refuses; use a signed URL or download it yourself`,
    )
  }
  url.hash = ''
  return { kind: 'url', url, label: withoutQuery(url) }
}

/** Whether it is the address of a file in the browser extension whose page or worker this is: its `fetch` reads those alone. */
function isOfExtension(text: string): boolean {
  const scheme = /^[a-z-]+-extension:/i.exec(text)?.[0].toLowerCase()
  return scheme !== undefined && scheme === globalThis.location?.protocol
}

/** An address without its query and hash. Its `origin` is "null" for schemes that an engine does not know. */
export function placeOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

/** For messages: a query may hold a signature. */
export function withoutQuery(url: URL): string {
  return `${placeOf(url)}${url.search ? '?…' : ''}`
}
