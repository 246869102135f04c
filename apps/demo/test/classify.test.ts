import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, type RgbFrame, y4m } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frameRate } from '../src/site/views/classify/frame-rate.ts'
import { between, middleOf, moved, resized } from '../src/site/views/classify/region.ts'
import { samples } from '../src/site/views/classify/samples.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const patient = { timeout: 30_000 }

describe('a region', () => {
  const size = { width: 100, height: 60 }
  it('stays within the picture and has a side of at least 8 pixels', () => {
    const region = middleOf(size)
    expect(region).toEqual({ x: 25, y: 15, width: 50, height: 30 })
    expect(moved(region, 100, -100, size)).toEqual({ ...region, x: 50, y: 0 })
    expect(resized(region, 100, -100, size)).toEqual({ ...region, width: 75, height: 8 })
    expect(between([90, 10], [-5, 70], size)).toEqual({ x: 0, y: 10, width: 90, height: 50 })
    expect(between([10, 10], [12, 50], size)).toBeUndefined()
  })
})

it('counts frames of the last second', () => {
  let time = 0
  const count = frameRate(() => time)
  for (time = 0; time < 2000; time += 100) count({ dropped: 1 })
  expect(count({ dropped: 0 })).toEqual({ fps: 10, dropped: 20 })
})

it('has the samples of the embedded model', async () => {
  const files = await readdir(images)
  expect(samples.map(({ address }) => address.replace('./samples/', '')).sort()).toEqual(files.sort())
})

describe.skipIf(lacking('chromium'))('the view', () => {
  let site: Site
  let scratch: string
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'mobileone-classify-'))
    const frames = await Promise.all(
      [0.9, 1].map(async (brightness): Promise<RgbFrame> => {
        const data = await sharp(join(images, '2-trouser.png'))
          .resize(320, 240, { fit: 'contain', background: 'black' })
          .linear(brightness)
          .removeAlpha()
          .toColourspace('srgb')
          .raw()
          .toBuffer()
        return { width: 320, height: 240, data }
      }),
    )
    const camera = join(scratch, 'camera.y4m')
    await writeFile(camera, y4m(frames, 30))
    site = await openSite([
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
    ])
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true, force: true })
  })

  const watchTasks = (page: Page): Promise<void> =>
    page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { tasks })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration)
      }).observe({ entryTypes: ['longtask'] })
    })
  const tasksOf = (page: Page): Promise<number[]> =>
    page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks)
  const best = (page: Page): Promise<string | null> => page.textContent('.bars .name')

  // A busy machine can stretch any task; what the page itself does too long is too long every time.
  it('classifies a sample with one click, a part of it, and prepares it in other ways', {
    retry: 2,
  }, async () => {
    const { page, problems, close } = await site.open()
    await modelReady(page)
    await watchTasks(page)
    await page.getByRole('button', { name: 'Trouser' }).click()
    await expect.poll(() => best(page), patient).toBe('Trouser')
    const whole = await page.textContent('.bars .value')
    expect(await page.textContent('.stages')).toMatch(/Network.*\d ms.*Whole.*\d ms/)

    await page.focus('.region')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.getAttribute('.region', 'aria-label')).toMatch(/^Region of 14 by 14 pixels/)
    await expect.poll(() => page.textContent('.bars .value'), patient).not.toBe(whole)
    await page.keyboard.press('Shift+ArrowLeft')
    await expect.poll(() => page.getAttribute('.region', 'aria-label')).toMatch(/^Region of 13 by 14 pixels/)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.textContent('.bars .value'), patient).toBe(whole)

    await page.click('summary')
    await page.waitForSelector('.network-input canvas')
    await page.getByLabel('Classes shown').selectOption('3')
    await expect.poll(() => page.locator('.bars li').count()).toBe(3)
    expect(await tasksOf(page)).toEqual([])
    expect(problems).toEqual([])
    await close()
  })

  it('takes several files, one of them broken, dropped and pasted ones, and keeps them from view to view', async () => {
    const { page, problems, close } = await site.open()
    const broken = join(scratch, 'broken.png')
    await writeFile(broken, 'no picture')
    await page.setInputFiles('input[type=file]', [
      join(images, '18-bag.png'),
      broken,
      join(images, '9-sneaker.png'),
    ])
    await expect
      .poll(() => page.locator('.thumb .caption').allTextContents(), patient)
      .toEqual(['Bag', 'unreadable: broken.png', 'Sneaker'])
    await page.locator('.thumb').nth(1).click()
    await expect.poll(() => page.textContent('.notice.error')).toContain('cannot be classified')

    for (const [event, field] of [
      ['drop', 'dataTransfer'],
      ['paste', 'clipboardData'],
    ] as const) {
      const bytes = [...(await readFile(join(images, '8-sandal.png')))]
      await page.evaluate(
        ([name, data, key]) => {
          const transfer = new DataTransfer()
          transfer.items.add(new File([new Uint8Array(data)], `${name}.png`, { type: 'image/png' }))
          const Kind = name === 'drop' ? DragEvent : ClipboardEvent
          document.dispatchEvent(new Kind(name, { [key]: transfer, bubbles: true }))
        },
        [event, bytes, field] as const,
      )
      await expect.poll(() => best(page), patient).toBe('Sandal')
    }
    expect(await page.locator('.thumb').count()).toBe(5)
    await takeScreenshots(page, 'classify')
    await page.click('nav a[href="#explain"]')
    await page.click('nav a[href="#classify"]')
    await expect.poll(() => page.locator('.thumb').count()).toBe(5)
    expect(problems).toEqual([])
    await close()
  })

  it('classifies again when the backend changes', async () => {
    const { page, close } = await site.open()
    await page.getByRole('button', { name: 'Ankle boot' }).click()
    await expect.poll(() => best(page), patient).toBe('Ankle boot')
    const before = await page.textContent('.bars')
    await page.evaluate(() => {
      location.search = '?threads=2'
    })
    await modelReady(page)
    await page.getByRole('button', { name: 'Ankle boot' }).click()
    await expect.poll(() => page.textContent('.bars'), patient).toBe(before)
    await close()
  })

  it('says what the camera sees, takes a picture of it, and lets go of it', { retry: 2 }, async () => {
    const { page, problems, close } = await site.open('', { permissions: ['camera'] })
    await modelReady(page)
    await page.getByRole('radio', { name: 'Camera' }).click()
    await page.getByRole('button', { name: 'Start the camera' }).click()
    await expect.poll(() => page.textContent('.overlay').catch(() => ''), patient).toMatch(/^Trouser \d+ %$/)
    await watchTasks(page)
    await expect.poll(async () => Number(await page.textContent('.fps')), patient).toBeGreaterThan(3)
    await page.waitForTimeout(1000)
    expect(await tasksOf(page)).toEqual([])
    await takeScreenshots(page, 'camera')
    const track = await page.evaluateHandle(
      () => (document.querySelector('video')!.srcObject as MediaStream).getVideoTracks()[0]!,
    )
    await page.getByRole('button', { name: 'Take a picture' }).click()
    await expect.poll(() => best(page), patient).toBe('Trouser')
    expect(await track.evaluate(({ readyState }) => readyState)).toBe('ended')
    expect(problems).toEqual([])
    await close()
  })

  it('says when the camera is denied', async () => {
    const { page, close } = await site.open('', { permissions: ['geolocation'] })
    await page.getByRole('radio', { name: 'Camera' }).click()
    await page.getByRole('button', { name: 'Start the camera' }).click()
    await expect
      .poll(() => page.textContent('.camera .notice').catch(() => ''), patient)
      .toMatch(/The camera was denied; allow it/)
    await close()
  })
})
