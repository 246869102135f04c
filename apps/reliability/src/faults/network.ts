/** Servers and connections that misbehave, under the downloads of `@mobileone/hub` and of the SDK. */
import { createHash } from 'node:crypto'
import { isMobileOneError } from '@mobileone/core'
import { type FetchWeightsOptions, fetchWeights, openDiskCache } from '@mobileone/hub'
import { loadDeployModel } from '@mobileone/sdk'
import { networkFile } from '../soak/network.ts'
import { type Fault, filesIn, must, sameBytes, type Trial } from './fault.ts'
import { type Handler, sendFile, serving } from './server.ts'

const body = networkFile()
const sha256 = createHash('sha256').update(body).digest('hex')

/** How a download by each of the two ends: `done` with the right bytes, or the code of its error. */
interface Ends {
  readonly hub: string
  readonly sdk: string
  readonly requests: number
  readonly warnings: readonly string[]
  readonly message: string
}

/**
 * Download from `handler` with the hub and with the SDK, each into a cache of its own, and look that the cache holds nothing but what is
 * whole: what it then gives offline is the file, or nothing.
 */
async function download(
  { folder }: Trial,
  handler: Handler,
  options: FetchWeightsOptions = {},
): Promise<Ends> {
  const warnings: string[] = []
  let requests = 0
  let message = ''
  const end = async (
    name: string,
    call: (url: string, given: FetchWeightsOptions) => Promise<unknown>,
  ): Promise<string> => {
    return serving(handler, async (server) => {
      const cache = await openDiskCache(`${folder}/${name}`)
      const given: FetchWeightsOptions = {
        cache,
        retries: 2,
        retryDelayMs: 5,
        stallTimeoutMs: 400,
        onWarning: (warning) => warnings.push(warning),
        ...options,
      }
      const url = `${server.url}/weights.safetensors`
      let how = 'done'
      try {
        await call(url, given)
      } catch (error) {
        if (!isMobileOneError(error)) throw error
        how = error.code
        message = error.message
      }
      requests = Math.max(requests, server.seen.length)
      const kept = await fetchWeights(url, { ...given, offline: true }).catch(() => undefined)
      must(kept === undefined || sameBytes(kept.bytes, body), `the cache of the ${name} gives other bytes`)
      must(how === 'done' || kept === undefined, `the cache of the ${name} keeps what was refused`)
      const left = (await filesIn(`${folder}/${name}`)).filter((file) => file.endsWith('.tmp'))
      must(left.length === 0, `the cache of the ${name} has ${left}`)
      return how
    })
  }
  const hub = await end('hub', async (url, given) => {
    const { bytes } = await fetchWeights(url, given)
    must(sameBytes(bytes, body), 'the hub gives other bytes than the file')
  })
  const sdk = await end('sdk', (url, given) => loadDeployModel(url, given))
  return { hub, sdk, requests, warnings, message }
}

/** @throws Error unless both end so. */
function mustEnd({ hub, sdk, message, requests }: Ends, how: string): string {
  must(
    hub === how && sdk === how,
    `the hub ended with ${hub}, the SDK with ${sdk}, not with ${how} (${message})`,
  )
  const times = `${requests} ${requests === 1 ? 'request' : 'requests'}`
  return how === 'done' ? `whole after ${times}` : `\`${how}\` after ${times}`
}

const fault = (name: string, injected: string, holds: string, run: Fault['run'], isQuick = false): Fault => ({
  area: 'network',
  name,
  injected,
  holds,
  run,
  isQuick,
})

/** Answers the first request with `bad`, the others well. */
const once =
  (bad: Handler): Handler =>
  (request, response, index) =>
    index === 0 ? bad(request, response, index) : sendFile(request, response, body)

const corrupted = body.slice()
corrupted.fill(0xff, 8, 200)

export const networkFaults: readonly Fault[] = [
  fault(
    'stall-before-headers',
    'the first connection is accepted and never answered',
    'the attempt is given up after `stallTimeoutMs`, and the next one gives the file',
    async (trial) =>
      mustEnd(
        await download(
          trial,
          once(() => {}),
        ),
        'done',
      ),
  ),
  fault(
    'stall-in-body',
    'half of the file arrives, then nothing, and the connection stays open; the next attempt answers',
    'the download goes on from the half that is there',
    async (trial) => {
      let from = ''
      const ends = await download(trial, (request, response, index) => {
        if (index > 0) from ||= request.headers.range ?? ''
        if (index > 0) return sendFile(request, response, body)
        response.writeHead(200, { 'content-length': body.length, etag: '"one"' })
        response.write(body.subarray(0, body.length >> 1))
      })
      must(/^bytes=[1-9]/.test(from), `the second request asked for "${from}"`)
      return `${mustEnd(ends, 'done')}, the second for ${from.replace('=', ' ')}`
    },
    true,
  ),
  fault(
    'stall-for-ever',
    'no attempt is ever answered',
    'the call ends with a typed error, and nothing is kept',
    async (trial) => mustEnd(await download(trial, () => {}), 'network'),
  ),
  fault(
    'truncated-once',
    'the connection ends in the middle of the body',
    'the download goes on where it broke off',
    async (trial) =>
      mustEnd(
        await download(
          trial,
          once((request, response) => sendFile(request, response, body, { cut: 5000 })),
        ),
        'done',
      ),
  ),
  fault(
    'truncated-always',
    'each connection ends after 500 more bytes',
    'the call ends with a typed error; the beginning stays unfinished, and is never taken for the file',
    async (trial) =>
      mustEnd(
        await download(trial, (request, response) => sendFile(request, response, body, { cut: 500 })),
        'network',
      ),
    true,
  ),
  fault(
    'reset-always',
    'the connection is reset before any answer',
    'the call ends with a typed error after its retries',
    async (trial) => mustEnd(await download(trial, (request) => request.socket.resetAndDestroy()), 'network'),
  ),
  fault(
    'corrupted-pinned',
    'another file of the same length arrives where `sha256` pins one',
    'it is refused, and not kept',
    async (trial) =>
      mustEnd(
        await download(trial, (request, response) => sendFile(request, response, corrupted), { sha256 }),
        'integrity',
      ),
    true,
  ),
  fault(
    'corrupted',
    'another file of the same length arrives where nothing is pinned',
    'the SDK refuses it as `invalid-file` and drops it from the cache; the next call gets the file',
    async ({ folder }) => {
      let isBad = true
      return serving(
        (request, response) =>
          sendFile(request, response, isBad ? corrupted : body, { etag: isBad ? '"bad"' : '"good"' }),
        async (server) => {
          const options = { cache: await openDiskCache(folder), retryDelayMs: 5 }
          const error = await loadDeployModel(server.url, options).then(
            () => undefined,
            (reason) => reason,
          )
          must(isMobileOneError(error) && error.code === 'invalid-file', `it ended with ${error}`)
          must((await filesIn(folder)).length === 0, 'the file is still in the cache')
          isBad = false
          await loadDeployModel(server.url, options)
          return '`invalid-file`, the cache empty, then the model'
        },
      )
    },
  ),
  fault(
    'changed-under-download',
    'the file is another one, with another ETag, when the download goes on',
    'it starts again from the first byte, and no bytes of the old file are in the new one',
    async (trial) => {
      const old = new Uint8Array(body.length).fill(7)
      const ends = await download(
        trial,
        once((request, response) => sendFile(request, response, old, { etag: '"old"', cut: 9000 })),
      )
      return mustEnd(ends, 'done')
    },
  ),
  fault(
    'redirects',
    'three redirects, the last to another origin, with a token set',
    'the file arrives; the token is sent to the hub’s own origin alone',
    async ({ folder }) => {
      return serving(
        (request, response) => sendFile(request, response, body),
        async (store) => {
          return serving(
            (_, response, index) =>
              response
                .writeHead(302, {
                  location:
                    index < 2 ? `/again-${index}` : `${store.url.replace('127.0.0.1', 'localhost')}/x`,
                })
                .end(),
            async (hub) => {
              const { bytes } = await fetchWeights('someone/weights', {
                cache: await openDiskCache(folder),
                endpoint: hub.url,
                token: 'hf_secret',
              })
              must(sameBytes(bytes, body), 'other bytes than the file')
              must(
                hub.seen.every(({ authorization }) => authorization === 'Bearer hf_secret'),
                'the hub got no token',
              )
              must(
                store.seen.every(({ authorization }) => authorization === undefined),
                'the store got the token',
              )
              return `whole after ${hub.seen.length} redirects; the store got no token`
            },
          )
        },
      )
    },
  ),
  fault(
    'redirect-loop',
    'an address that redirects to itself',
    'the call ends with a typed error',
    async (trial) => {
      const ends = await download(trial, (_, response) =>
        response.writeHead(302, { location: '/loop' }).end(),
      )
      return mustEnd(ends, 'network')
    },
  ),
  fault(
    'length-too-large',
    '`Content-Length` announces 900 MB, and the file is what it is',
    'no memory is taken for what does not come; the call ends with a typed error',
    async (trial) => {
      const before = process.memoryUsage().rss
      const ends = await download(trial, (_, response) => {
        response.writeHead(200, { 'content-length': 900_000_000 })
        response.write(body, () => setTimeout(() => response.destroy(), 20))
      })
      const grown = process.memoryUsage().rss - before
      must(grown < 200e6, `${Math.round(grown / 1e6)} MB were taken`)
      return mustEnd(ends, 'network')
    },
  ),
  fault(
    'length-beyond-limit',
    '`Content-Length` announces 10^15 bytes',
    'it is refused before anything is read',
    async (trial) => {
      const ends = await download(trial, (_, response) => {
        response.writeHead(200, { 'content-length': 1e15 })
        response.write(body.subarray(0, 100))
      })
      return mustEnd(ends, 'invalid-file')
    },
  ),
  fault(
    'not-found',
    'the server answers 404',
    'the call ends at once with a typed error; it is not asked again',
    async (trial) => {
      const ends = await download(trial, (_, response) => response.writeHead(404).end('no'))
      must(ends.requests === 1, `it was asked ${ends.requests} times`)
      return mustEnd(ends, 'network')
    },
  ),
  fault(
    'server-error-once',
    'the server answers 500, then 503, then well',
    'it is asked again, until the file is there',
    async (trial) =>
      mustEnd(
        await download(trial, (request, response, index) =>
          index < 2 ? response.writeHead(index === 0 ? 500 : 503).end() : sendFile(request, response, body),
        ),
        'done',
      ),
  ),
  fault(
    'server-error-always',
    'the server answers 500 to everything',
    'the call ends with a typed error after its retries',
    async (trial) =>
      mustEnd(await download(trial, (_, response) => response.writeHead(500).end()), 'network'),
  ),
  fault(
    'error-page',
    'a page of HTML is sent with status 200',
    'it is refused as `invalid-file` and not kept',
    async (trial) =>
      mustEnd(
        await download(trial, (_, response) =>
          response
            .writeHead(200, { 'content-type': 'text/html' })
            .end('<!doctype html><title>Sign in</title>'),
        ),
        'invalid-file',
      ),
  ),
]
