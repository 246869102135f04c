import { MobileOneError } from '@mobileone/core'
import { withoutQuery } from './resolve-source.ts'
import { AttemptFailure } from './retry.ts'

const maxRedirects = 10

/** What to ask for, and how redirects are followed. */
export interface HttpGetRequest {
  readonly url: URL
  readonly label: string
  readonly headers: Readonly<Record<string, string>>
  /** The hub's origin: the only one that is sent the token and whose word about the file's hash counts. */
  readonly hubOrigin: string
  readonly token: string | undefined
  readonly fetch: typeof globalThis.fetch
  /** The hash of the copy at hand: where the hub announces the same, its redirect is not followed. */
  readonly knownSha256: string | undefined
  /** Follow redirects here, one by one, instead of leaving it to `fetch`. */
  readonly seesRedirects: boolean
  readonly bypassHttpCache: boolean
  readonly signal: AbortSignal
}

/** The response at the end of the redirects. */
export interface HttpGetResult {
  readonly response: Response
  /** The file's hash as the hub announces it, where it does. */
  readonly hubSha256: string | undefined
}

/** GET, following redirects. Rejects with an `AttemptFailure`, or with the signal's reason. */
export async function httpGet(request: HttpGetRequest): Promise<HttpGetResult> {
  // A browser's fetch refuses to be called as a method of anything but the window.
  const { fetch } = request
  let { url } = request
  let hubSha256: string | undefined
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const isHub = url.origin === request.hubOrigin
    const headers = new Headers(request.headers)
    if (isHub && request.token !== undefined) headers.set('authorization', `Bearer ${request.token}`)
    let response: Response
    try {
      response = await fetch(url.href, {
        headers,
        redirect: request.seesRedirects ? 'manual' : 'follow',
        signal: request.signal,
        ...(request.bypassHttpCache && { cache: 'no-store' as const }),
      })
    } catch (cause) {
      if (request.signal.aborted) throw cause
      throw connectionFailure(request.label, url, cause, request.seesRedirects)
    }
    // A browser shows only the end of a redirect chain, and a CDN's ETag is not the file's hash.
    if (isHub && !response.redirected) {
      hubSha256 ??=
        sha256FromETag(response.headers.get('x-linked-etag')) ??
        (response.ok ? sha256FromETag(response.headers.get('etag')) : undefined)
    }
    if (hubSha256 !== undefined && hubSha256 === request.knownSha256) return { response, hubSha256 }
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status)
    const location = isRedirect ? response.headers.get('location') : null
    if (location === null) return { response, hubSha256 }
    await response.body?.cancel()
    url = nextUrl(request.label, url, location)
  }
  throw refuse(request.label, `was redirected more than ${maxRedirects} times`)
}

function nextUrl(label: string, from: URL, location: string): URL {
  if (!URL.canParse(location, from))
    throw refuse(label, `was redirected to "${location}", which is not a URL`)
  const next = new URL(location, from)
  if (next.protocol !== 'https:' && next.protocol !== from.protocol) {
    throw refuse(label, `was redirected from ${from.protocol} to ${next.protocol}, which is not followed`)
  }
  return next
}

function refuse(label: string, what: string): AttemptFailure {
  return new AttemptFailure(new MobileOneError('network', `${label} ${what}`), { retry: false })
}

/** A strong ETag that is a sha-256, as lower-case hex. */
export function sha256FromETag(etag: string | null): string | undefined {
  return /^"?([0-9a-f]{64})"?$/.exec(etag ?? '')?.[1]
}

/** The failure behind a `fetch` or a body that rejected. Only a browser is told what else may be in the way there. */
export function connectionFailure(
  label: string,
  url: URL,
  cause: unknown,
  seesRedirects: boolean,
): AttemptFailure {
  const inner = (cause as { cause?: { code?: unknown; message?: unknown } }).cause
  const reason = [inner?.code, inner?.message, (cause as Error).message].find(
    (text) => typeof text === 'string' && text !== '',
  )
  const brief = `${label}: no connection to ${withoutQuery(url)} (${reason})`
  const advice = seesRedirects
    ? 'check the network and the address'
    : 'check the network, the address, that the server allows this origin (CORS) and that the page allows it (CSP connect-src)'
  return new AttemptFailure(new MobileOneError('network', `${brief}; ${advice}`, { cause }), {
    retry: true,
    brief,
  })
}
