import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lacking, launchChromium } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addressOf,
  assets,
  launchWithCamera,
  openPage,
  plugins,
  root,
  startCamera,
  told,
  watch,
} from './camera-page.ts'

const patient = { timeout: 20_000 }

describe('the page of the README', () => {
  it('is what it shows, in at most 40 lines', async () => {
    const files = await Promise.all(
      ['index.html', 'src/main.ts'].map((file) => readFile(join(root, file), 'utf8')),
    )
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    for (const file of files) expect(readme).toContain(`\n${file}\`\`\`\n`)
    const lines = files.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
    expect(lines.length).toBeLessThanOrEqual(40)
    expect(lines.filter((line) => line.length > 110)).toEqual([])
  })
})

describe.skipIf(lacking('chromium'))('the page in Chromium', () => {
  let scratch: string
  let server: ViteDevServer
  let browser: Browser
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'mobileone-camera-'))
    server = await createServer({ root, plugins, logLevel: 'error', server: { port: 0, host: '127.0.0.1' } })
    await server.listen()
    browser = await launchWithCamera(scratch, join(assets, 'images/2-trouser.png'))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    if (scratch) await rm(scratch, { recursive: true, force: true })
  })

  const cameraState = (page: Page): Promise<string | undefined> =>
    page.evaluate(
      () => (document.querySelector('video')?.srcObject as MediaStream)?.getTracks()[0]?.readyState,
    )

  // A busy machine can stretch any task; what the page itself does too long is too long every time.
  it('says what the camera sees, leaves the page free, stops and starts again', { retry: 2 }, async () => {
    const page = await openPage(browser, `${addressOf(server)}?model=/small`)
    const found = await watch(page)
    expect(found.label).toMatch(/^Trouser \d+ %$/)
    expect(found.speed).toMatch(/^[1-9]\d* frames\/s, \d+ ms each$/)
    expect(await page.textContent('output')).toBe('ready: 100 %')
    expect([page.workers().length > 0, await cameraState(page)]).toEqual([true, 'live'])
    expect(found.tasks).toEqual([])

    await page.click('button')
    await page.waitForFunction(() => document.querySelector('button')?.textContent === 'Start')
    expect(await cameraState(page)).toBe('ended')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    const text = await page.textContent('pre')
    await page.waitForTimeout(300)
    expect(await page.textContent('pre')).toBe(text)

    await startCamera(page)
    expect((await told(page)).label).toMatch(/^Trouser/)
    await page.goto('about:blank')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    await page.context().close()
  })

  it('says when the camera goes away', async () => {
    const page = await openPage(browser, `${addressOf(server)}?model=/small`)
    await startCamera(page)
    await page.evaluate(() => {
      const camera = document.querySelector('video')?.srcObject as MediaStream
      for (const track of camera.getTracks()) track.stop()
    })
    await expect.poll(() => page.textContent('output'), patient).toBe('The camera has ended')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    await page.context().close()
  })

  it.each([
    ['the camera is denied', ['geolocation'], 'small', /^Permission denied: allow the camera$/],
    ['there is no model', ['camera'], 'missing.safetensors', /missing\.safetensors/],
  ] as const)('says when %s, and can be started again', async (_, permissions, model, message) => {
    const page = await openPage(browser, `${addressOf(server)}?model=/${model}`, permissions)
    await expectRefused(page, message)
    await page.context().close()
  })

  it('says when there is no camera, and can be started again', async () => {
    const own = await launchChromium(['--use-fake-device-for-media-stream=device-count=0'])
    try {
      await expectRefused(await openPage(own, `${addressOf(server)}?model=/small`), /not found: connect one$/)
    } finally {
      await own.close()
    }
  })
})

async function expectRefused(page: Page, message: RegExp): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    await page.click('button')
    await expect.poll(() => page.textContent('output'), patient).toMatch(message)
    await expect.poll(() => page.textContent('button'), patient).toBe('Start')
    expect(page.workers()).toEqual([])
  }
}
