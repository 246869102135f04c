import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath, lacking, launchChromium, pictureFilm } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { build, createServer, type Plugin, preview, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const assets = fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url))
const patient = { timeout: 20_000 }

/** Weights at an address of the page's own server. */
const weights = (files: Readonly<Record<string, string>>): Plugin => {
  const answer = (server: Pick<ViteDevServer, 'middlewares'>): void => {
    for (const [address, file] of Object.entries(files)) {
      server.middlewares.use(address, (_, response) => {
        readFile(file).then(
          (body) => response.end(body),
          () => response.writeHead(404).end(),
        )
      })
    }
  }
  return { name: 'weights', configureServer: answer, configurePreviewServer: answer }
}
const plugins = [
  weights({
    '/small': join(assets, 'fashion-mnist.safetensors'),
    '/s0': goldenPath('mobileone_s0_unfused.pth.tar'),
  }),
]

declare global {
  var longTasks: number[]
}

interface Counted {
  readonly longTasks: readonly number[]
  readonly label: string
  readonly speed: string
}

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
    browser = await withCamera('trouser', join(assets, 'images/2-trouser.png'))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    if (scratch) await rm(scratch, { recursive: true, force: true })
  })

  /** Chromium with a camera that shows a picture, now darker and now lighter. */
  async function withCamera(name: string, picture: string): Promise<Browser> {
    const file = join(scratch, `${name}.y4m`)
    await writeFile(file, await pictureFilm(picture))
    return launchChromium(['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`])
  }

  async function open(
    from: Browser,
    url: string,
    permissions: readonly string[] = ['camera'],
  ): Promise<Page> {
    const context = await from.newContext()
    await context.grantPermissions([...permissions])
    const page = await context.newPage()
    await page.goto(url)
    return page
  }

  const addressOf = (served: Pick<ViteDevServer, 'resolvedUrls'>): string =>
    served.resolvedUrls?.local[0] ?? 'nowhere'

  /** Start, and wait for some seconds of results. */
  async function watchIn(page: Page): Promise<Counted> {
    await page.evaluate(() => {
      globalThis.longTasks = []
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration)
      }).observe({ entryTypes: ['longtask'] })
    })
    await page.click('button')
    await page.waitForFunction(() => /frames\/s/.test(document.querySelector('pre')?.textContent ?? ''))
    await page.waitForTimeout(1500)
    return page.evaluate(() => {
      const lines = (document.querySelector('pre')?.textContent ?? '').split('\n')
      return { longTasks: globalThis.longTasks, label: lines[0] ?? '', speed: lines.at(-1) ?? '' }
    })
  }

  const cameraState = (page: Page): Promise<string | undefined> =>
    page.evaluate(
      () => (document.querySelector('video')?.srcObject as MediaStream)?.getTracks()[0]?.readyState,
    )

  // A busy machine can stretch any task; what the page itself does too long is too long every time.
  it('says what the camera sees, leaves the page free, stops and starts again', { retry: 2 }, async () => {
    const page = await open(browser, `${addressOf(server)}?model=/small`)
    const found = await watchIn(page)
    expect(found.label).toMatch(/^Trouser \d+ %$/)
    expect(found.speed).toMatch(/^[1-9]\d* frames\/s, \d+ ms each$/)
    expect(await page.textContent('output')).toBe('ready: 100 %')
    expect([page.workers().length > 0, await cameraState(page)]).toEqual([true, 'live'])
    expect(found.longTasks).toEqual([])

    await page.click('button')
    await page.waitForFunction(() => document.querySelector('button')?.textContent === 'Start')
    expect(await cameraState(page)).toBe('ended')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    const text = await page.textContent('pre')
    await page.waitForTimeout(300)
    expect(await page.textContent('pre')).toBe(text)

    expect((await watchIn(page)).label).toMatch(/^Trouser/)
    await page.goto('about:blank')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    await page.context().close()
  })

  it('says when the camera goes away', async () => {
    const page = await open(browser, `${addressOf(server)}?model=/small`)
    await watchIn(page)
    await page.evaluate(() => {
      const camera = document.querySelector('video')?.srcObject as MediaStream
      for (const track of camera.getTracks()) track.stop()
    })
    await expect.poll(() => page.textContent('output'), patient).toBe('The camera has ended')
    await expect.poll(() => page.workers().length, patient).toBe(0)
    await page.context().close()
  })

  it.each([
    ['the camera is denied', [], ['geolocation'], 'small', /^Permission denied: allow the camera$/],
    ['there is no camera', ['device-count=0'], ['camera'], 'small', /not found: connect one$/],
    ['there is no model', [], ['camera'], 'missing.safetensors', /missing\.safetensors/],
  ] as const)('says when %s, and can be started again', async (_, devices, permissions, model, message) => {
    const own = await launchChromium([['--use-fake-device-for-media-stream', ...devices].join('=')])
    try {
      const page = await open(own, `${addressOf(server)}?model=/${model}`, permissions)
      for (let tries = 0; tries < 2; tries++) {
        await page.click('button')
        await expect.poll(() => page.textContent('output'), patient).toMatch(message)
        await expect.poll(() => page.textContent('button'), patient).toBe('Start')
        expect(page.workers()).toEqual([])
      }
    } finally {
      await own.close()
    }
  })

  it.skipIf(lacking('golden'))('runs S0 once it is built', { retry: 2 }, async () => {
    const outDir = join(scratch, 'built')
    await build({ root, logLevel: 'error', build: { outDir } })
    const built = await preview({
      root,
      plugins,
      logLevel: 'error',
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1' },
    })
    const own = await withCamera('tabby', goldenPath('imagenet-sample/n02123045_tabby.JPEG'))
    try {
      const page = await open(own, `${addressOf(built)}?model=/s0`)
      const found = await watchIn(page)
      console.log(`S0: ${found.speed}; long tasks: ${found.longTasks.join(', ') || 'none'}`)
      expect(found.label).toMatch(/cat|tabby/)
      expect(found.longTasks).toEqual([])
    } finally {
      await own.close()
      await built.close()
    }
  })
})
