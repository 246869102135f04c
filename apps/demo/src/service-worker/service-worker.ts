import { securityHeaders } from '../security-headers.ts'
import { Precache, type SiteFiles } from './precache.ts'

/** What a service worker has beyond a page, as far as this one uses it; the library of types for it excludes that of pages. */
interface ServiceWorkerScope {
  readonly registration: { readonly scope: string; readonly active: unknown }
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void
  addEventListener(type: 'message', listener: (event: Lasting & MessageEvent<FromPage>) => void): void
  addEventListener(type: 'fetch', listener: (event: Lasting & Fetching) => void): void
}
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Fetching {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}
/** What the page asks for: to keep the rest and answer whether that is done, or to take the place of the version before. */
export type FromPage = 'keep-rest' | 'take-over'

/** The build puts its list here. */
declare const __SITE_FILES__: SiteFiles
declare const self: ServiceWorkerScope

const files = __SITE_FILES__
const headers = Object.entries(securityHeaders())

/** With the headers of the page's own server where another, of files alone, sends none: they give the page several threads. */
function withHeaders(response: Response): Response {
  const amended = new Headers(response.headers)
  for (const [name, value] of headers) if (!amended.has(name)) amended.set(name, value)
  const { status, statusText, body } = response
  return new Response(body, { status, statusText, headers: amended })
}

const precache = caches
  .open(`mobileone-demo ${self.registration.scope}`)
  .then((cache) => new Precache(cache, self.registration.scope, files, withHeaders))

self.addEventListener('install', (event) => {
  event.waitUntil(precache.then((kept) => kept.keep(files.shell)))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(precache.then((kept) => kept.clean()).then(() => self.clients.claim()))
})

self.addEventListener('message', (event) => {
  const { data, ports } = event
  switch (data) {
    case 'take-over':
      event.waitUntil(self.skipWaiting())
      break
    case 'keep-rest':
      event.waitUntil(
        precache
          .then((kept) => kept.keep(files.rest))
          .then(
            () => ports[0]?.postMessage(true),
            () => ports[0]?.postMessage(false),
          ),
      )
      break
    default:
      data satisfies never
  }
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  // Other origins, the weights of the hub among them, are the page's own affair.
  if (
    request.method !== 'GET' ||
    !request.url.startsWith(self.registration.scope) ||
    request.headers.has('range')
  ) {
    return
  }
  event.respondWith(
    precache.then(async (kept) => {
      const file = kept.fileOf(request.url)
      if (!file) return fetch(request)
      const { response, kept: stored } = await kept.answer(file, request)
      event.waitUntil(stored)
      return response
    }),
  )
})
