import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorker, lacking, serveWorker } from '@mobileone/testkit'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const demo = (name: string): string =>
  fileURLToPath(new URL(`../../../apps/demo/assets/${name}`, import.meta.url))
const picture = readFileSync(demo('images/2-trouser.png'))

describe.skipIf(lacking('workerd'))("the worker, in Cloudflare's runtime", () => {
  let folder: string
  let worker: Awaited<ReturnType<typeof serveWorker>>
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mobileone-example-'))
    await bundleWorker(fileURLToPath(new URL('../src/worker.ts', import.meta.url)), folder)
    const files = readdirSync(folder).sort()
    mkdirSync(join(folder, 'assets'))
    copyFileSync(demo('fashion-mnist.safetensors'), join(folder, 'assets/model.safetensors'))
    worker = await serveWorker(folder, files, 'assets')
  })
  afterAll(async () => {
    await worker?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const ask = async (body: BodyInit, query = '') => {
    const response = await fetch(`${worker.url}/${query}`, { method: 'POST', body })
    return { status: response.status, answer: await response.json() }
  }

  /** The answer to a request that announces so many bytes, before it sends any. */
  const statusOf = (length: number): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(
        worker.url,
        { method: 'POST', headers: { 'content-length': length } },
        (response) => {
          resolve(response.statusCode)
          sent.destroy()
        },
      )
      sent.once('error', reject)
      sent.flushHeaders()
    })

  it('says what is in a PNG and in a JPEG file', async () => {
    const jpeg = await sharp(picture).jpeg({ quality: 95 }).toBuffer()
    for (const file of [picture, jpeg]) {
      const { status, answer } = await ask(new Uint8Array(file), '?top=2')
      expect(answer).toMatchObject({ classes: [{ label: 'Trouser' }, {}], features: expect.any(Array) })
      expect(answer.classes).toHaveLength(2)
      expect(answer.classes[0].score).toBeGreaterThan(0.5)
      expect(status).toBe(200)
    }
  })

  it('says what is wrong with a request', async () => {
    expect(await ask('not a picture')).toMatchObject({
      status: 400,
      answer: { error: expect.stringMatching(/neither JPEG nor PNG/) },
    })
    expect(await ask(new Uint8Array(picture.subarray(0, 100)))).toMatchObject({ status: 400 })
    expect(await ask(new Uint8Array([0xff, 0xd8, 1, 2, 3]))).toMatchObject({ status: 400 })
    expect(await ask(new Uint8Array(picture), '?top=0')).toMatchObject({ status: 400 })
    expect(await statusOf(5 * 2 ** 20)).toBe(413)
    expect((await fetch(worker.url)).status).toBe(405)
  })

  it('refuses pictures that would not fit into its memory before it unpacks them', async () => {
    const huge = new Uint8Array(picture)
    new DataView(huge.buffer).setUint32(16, 30_000)
    expect(await ask(huge)).toMatchObject({ status: 400 })
    const wide = await sharp({ create: { width: 3000, height: 2000, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer()
    expect(await ask(new Uint8Array(wide))).toMatchObject({ status: 400 })
  })
})
