import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { initialize, mobileone, variants } from '@mobileone/core'
import { toSafetensors } from '@mobileone/sdk'
import { goldenPath } from '@mobileone/testkit'
import { generate } from 'selfsigned'

/** A request for the file itself, as the store behind the hub hears it. */
export interface Asked {
  readonly host: string
  /** The first byte asked for. */
  readonly from: number
}

/** The hub of weights and the store that it redirects to, on this machine. */
export interface HubServer extends AsyncDisposable {
  /** For Chromium: the names of both lead here. */
  readonly browserArguments: readonly string[]
  /** Of the file, in bytes. */
  readonly size: number
  readonly asked: readonly Asked[]
  /** What becomes of the answer that sends the byte at this place: silence, or a connection that breaks. Once each. */
  readonly trouble: Map<number, 'stall' | 'break'>
  /** Bytes a second. */
  speed: number
}

const hubHost = 'huggingface.co'
const storeHost = 'us.aws.cdn.hf.co'
const address = '/timm/mobileone_s0.apple_in1k/resolve/main/model.safetensors'
const stored = '/xet-bridge-us/s0?signature=x'
const chunkBytes = 2 ** 18

/** Timm's S0, where the reference data is present; else a network of its shape that was never trained. */
export function timmS0(): Uint8Array {
  const path = goldenPath('timm_mobileone_s0.safetensors')
  if (existsSync(path)) return readFileSync(path)
  const graph = mobileone(variants.s0, { form: 'train' })
  return toSafetensors(initialize(graph, { seed: 1 }), { naming: 'timm' })
}

/** Serve S0 as the hub does: a redirect to a store, which knows ranges; readable by every page. */
export async function startHub(body = timmS0()): Promise<HubServer> {
  const hash = createHash('sha256').update(body).digest('hex')
  const { private: key, cert } = await generate([{ name: 'commonName', value: hubHost }], { keySize: 2048 })
  const asked: Asked[] = []
  const trouble = new Map<number, 'stall' | 'break'>()
  const cors = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'ETag, Content-Range, Accept-Ranges, X-Linked-ETag, X-Linked-Size',
  }
  const hub: HubServer = {
    browserArguments: [],
    size: body.length,
    asked,
    trouble,
    speed: 20e6,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const send = async (response: ServerResponse, from: number): Promise<void> => {
    const part = { 'Content-Range': `bytes ${from}-${body.length - 1}/${body.length}` }
    response.writeHead(from > 0 ? 206 : 200, {
      ...cors,
      ...(from > 0 && part),
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(body.length - from),
      'Accept-Ranges': 'bytes',
      ETag: `"${hash}"`,
    })
    for (let at = from; at < body.length && !response.destroyed; ) {
      const next = [...trouble.keys()].find((place) => place >= at && place <= at + chunkBytes)
      const end = Math.min(body.length, next ?? at + chunkBytes)
      response.write(body.subarray(at, end))
      at = end
      await wait((1000 * chunkBytes) / hub.speed)
      const kind = next === undefined ? undefined : trouble.get(next)
      if (next !== undefined) trouble.delete(next)
      if (kind === 'stall') return
      if (kind === 'break') response.destroy()
    }
    response.end()
  }
  const server = createServer({ key, cert }, (request, response) => {
    response.on('error', () => {})
    const { host = '', range = '' } = request.headers
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0)
    if (host === hubHost && request.url === address) {
      const linked = { 'X-Linked-ETag': `"${hash}"`, 'X-Linked-Size': String(body.length) }
      response.writeHead(302, { ...cors, ...linked, Location: `https://${storeHost}${stored}` }).end()
    } else if (host === storeHost && request.url === stored) {
      asked.push({ host, from })
      void send(response, from)
    } else response.writeHead(404, cors).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(hub, {
    browserArguments: [
      '--ignore-certificate-errors',
      `--host-resolver-rules=${[hubHost, storeHost].map((host) => `MAP ${host}:443 127.0.0.1:${port}`).join(', ')}`,
    ],
  })
}
