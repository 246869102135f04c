import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  goldenPath,
  lacking,
  type PhotographReference,
  readGoldenFloat32,
  readGoldenJson,
} from '@mobileone/testkit'
import { imagenetLabels } from '@mobileone/vision/imagenet'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const patient = { timeout: 30_000 }

describe.skipIf(lacking('chromium'))('pictures', () => {
  let site: Site
  let scratch: string
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'mobileone-classify-'))
    site = await openSite()
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true, force: true })
  })

  const best = (page: Page): Promise<string | null> => page.textContent('.bars .name')
  const found = (page: Page): Promise<string[]> => page.locator('.given .label').allTextContents()

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

  it('takes several, one of them broken, dropped and pasted ones, and keeps them from view to view', async () => {
    const { page, problems, close } = await site.open()
    const broken = join(scratch, 'broken.png')
    await writeFile(broken, 'no picture')
    const wide = join(scratch, 'wide.png')
    await sharp(join(images, '18-bag.png'))
      .resize(600, 300, { fit: 'contain', background: '#112233' })
      .toFile(wide)
    await page.setInputFiles('input[type=file]', [wide, broken, join(images, '9-sneaker.png')])
    await expect
      .poll(() => found(page), patient)
      .toEqual([
        expect.stringMatching(/^Bag \d+ %$/),
        'cannot be read',
        expect.stringMatching(/^Sneaker \d+ %$/),
      ])
    expect(await page.textContent('.list [role=status]')).toBe('2 done, 1 unreadable')
    expect(await page.getAttribute('.seen', 'style')).toMatch(/left: 25%.*width: 50%/)
    await page.locator('.item').nth(1).click()
    await expect.poll(() => page.textContent('.notice.error')).toContain('cannot be classified')
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await expect.poll(() => found(page)).toHaveLength(2)

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
      await expect.poll(() => page.textContent('.under .name')).toBe(`${event}.png`)
      await expect.poll(() => best(page), patient).toBe('Sandal')
    }
    await page.click('nav a[href="#explain"]')
    await page.waitForSelector('main[data-view="explain"] h2')
    await page.click('nav a[href="#classify"]')
    await expect.poll(() => found(page)).toHaveLength(4)
    await takeScreenshots(page, 'classify-several')
    await page.getByRole('button', { name: 'Remove all' }).click()
    await expect.poll(() => page.textContent('.shown')).toContain('Drop pictures anywhere')
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

  it.skipIf(lacking('golden'))('says what the real S0 says of a photograph', async () => {
    const { images: photographs } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
    const logits = readGoldenFloat32('imagenet-sample', 'reference-logits.f32').subarray(0, 1000)
    const label = imagenetLabels[logits.indexOf(Math.max(...logits))]
    const { page, problems, close } = await site.open()
    await page.setInputFiles('input[type=file]', goldenPath('imagenet-sample', photographs[0]!.file))
    await page.click('.choose-open')
    const chooser = page.waitForEvent('filechooser')
    await page.check('.choose-dialog input[value="file"]', { force: true }).catch(() => {})
    await (await chooser).setFiles(goldenPath('mobileone_s0_unfused.pth.tar'))
    await page.keyboard.press('Escape')
    await modelReady(page)
    await expect.poll(() => best(page), patient).toBe(label)
    expect(await page.textContent('.network-input')).toContain('224 × 224')
    expect(await page.textContent('.samples')).toContain('drawings, made for this page')
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('button', { name: 'umbrella' }).click()
    await expect.poll(() => best(page), patient).toBe('umbrella')
    await takeScreenshots(page, 'classify')
    expect(problems).toEqual([])
    await close()
  })
})
