import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { openSite, type Site } from './open-site.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const patient = { timeout: 30_000 }

describe.skipIf(lacking('chromium'))('pictures', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const best = (page: Page): Promise<string | null> => page.textContent('.bars .name')

  // A busy machine can stretch any task; what the page itself does too long is too long every time.
  it('shows one classified, then a sample with one click, a part of it, prepared in other ways', {
    retry: 2,
  }, async () => {
    const { page, problems, close } = await site.open()
    await watchLongTasks(page)
    await expect.poll(() => best(page), patient).toBe('Ankle boot')
    await page.getByRole('button', { name: 'Trouser' }).click()
    await expect.poll(() => best(page), patient).toBe('Trouser')
    expect(await page.locator('.given').count()).toBe(0)
    const whole = await page.textContent('.bars .value')
    expect(await page.textContent('.stages')).toMatch(
      /Decode[\d.]+ msPrepare[\d.]+ msNetwork[\d.]+ msTransfer[\d.]+ msWhole[\d.]+ ms/,
    )

    await page.focus('.region')
    await page.keyboard.press('ArrowDown')
    const region = (): Promise<string | null> => page.getAttribute('.region', 'aria-label')
    await expect.poll(region).toMatch(/^Region of 14 by 14 pixels at 7, 8/)
    await expect.poll(() => page.textContent('.bars .value'), patient).not.toBe(whole)
    await page.keyboard.press('Shift+ArrowLeft')
    await expect.poll(region).toMatch(/^Region of 13 by 14 pixels/)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.textContent('.bars .value'), patient).toBe(whole)

    const box = (await page.locator('.region-area').boundingBox())!
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + box.height, { steps: 3 })
    await page.mouse.up()
    await expect.poll(region).toMatch(/^Region of 7 by 21 pixels at 7, 7|^The whole picture/)
    await page.getByRole('button', { name: 'Look at a part' }).click()
    await page.getByRole('button', { name: 'Look at a part' }).click()

    await page.getByLabel('Classes shown').selectOption('3')
    await expect.poll(() => page.locator('.bars li').count()).toBe(3)
    await page.getByLabel('Fit').selectOption('stretch')
    await page.getByLabel('Resizing').selectOption('fast')
    await expect.poll(() => best(page), patient).toBe('Trouser')
    const input = await page.$eval('.network-input canvas', (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
      return {
        width,
        height,
        isGrey: data.every((value, i) => i % 4 > 1 || value === data[i + 1]),
        most: Math.max(...data.filter((_, i) => i % 4 === 0)),
      }
    })
    expect(input).toMatchObject({ width: 28, height: 28, isGrey: true })
    expect(input.most).toBeGreaterThan(100)
    expect(await longTasks(page)).toEqual([])
    expect(problems).toEqual([])
    await close()
  })

  it('keeps a picture waiting for a model that has to be downloaded, and says so', async () => {
    const { page, close } = await site.open('?model=s0')
    await page.setInputFiles('input[type=file]', join(images, '18-bag.png'))
    await expect
      .poll(() => page.textContent('.notice').catch(() => ''), patient)
      .toContain('MobileOne S0 has to be downloaded first')
    await page.locator('.notice').getByRole('button', { name: 'Choose a model' }).click()
    await page.check('.choose-dialog[open] input[value="fashion-mnist"]')
    await page.keyboard.press('Escape')
    await expect.poll(() => best(page), patient).toBe('Bag')
    await close()
  })
})
