import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, pictureFilm } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { overlay, startCamera, track } from './camera-view.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const patient = { timeout: 30_000 }

describe.skipIf(lacking('chromium'))('the camera', () => {
  let site: Site
  let scratch: string
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'mobileone-camera-'))
    const file = join(scratch, 'camera.y4m')
    await writeFile(file, await pictureFilm(join(images, '2-trouser.png'), { brightness: [0.9, 1] }))
    site = await openSite(['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`])
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true, force: true })
  })

  const sees = (page: Page): Promise<void> =>
    expect.poll(() => overlay(page), patient).toMatch(/^Trouser \d+ %$/)

  it('says what it sees, goes on with another model, and lets go of it', {
    retry: 2,
  }, async () => {
    const { page, problems, close } = await site.open('', { permissions: ['camera'] })
    await modelReady(page)
    await startCamera(page)
    await sees(page)
    await watchLongTasks(page)
    await expect.poll(async () => Number(await page.textContent('.fps')), patient).toBeGreaterThan(3)
    await page.waitForTimeout(1000)
    expect(await page.textContent('.rate')).toMatch(/frames a second, \d+ skipped/)
    expect(await page.textContent('.stages')).toMatch(/Network[\d.]+ ms.*Whole[\d.]+ ms/)
    expect(await longTasks(page)).toEqual([])
    await takeScreenshots(page, 'classify-camera')

    await page.getByRole('button', { name: 'Look at a part' }).click()
    await expect
      .poll(() => page.getAttribute('.region', 'aria-label'))
      .toMatch(/^Region of \d+ by \d+ pixels/)

    await page.click('.choose-open')
    await page.check('.choose-dialog input[value="float16"]')
    await page.keyboard.press('Escape')
    await modelReady(page)
    await page.getByRole('button', { name: 'Look at a part' }).click()
    await sees(page)

    const second = await track(page)
    await page.getByRole('button', { name: 'Take a picture' }).click()
    await expect.poll(() => page.textContent('.bars .name'), patient).toBe('Trouser')
    expect(await page.textContent('.under .name')).toMatch(/^Photograph/)
    expect(await second.evaluate(({ readyState }) => readyState)).toBe('ended')
    expect(problems).toEqual([])
    await close()
  })
})

it.skipIf(lacking('chromium'))('the camera offers the others where there are several', async () => {
  await using several = await openSite(['--use-fake-device-for-media-stream=device-count=2'])
  const { page, problems, close } = await several.open('', { permissions: ['camera'] })
  await startCamera(page)
  await page.waitForSelector('.camera select')
  const first = await track(page)
  await page.locator('.camera select').selectOption({ index: 1 })
  await expect.poll(() => first.evaluate(({ readyState }) => readyState), patient).toBe('ended')
  await expect.poll(() => overlay(page), patient).toMatch(/ \d+ %$/)
  expect(await (await track(page)).evaluate(({ readyState }) => readyState)).toBe('live')
  expect(problems).toEqual([])
  await close()
})
