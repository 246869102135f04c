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
import { expect, it, onTestFinished } from 'vitest'
import { modelReady, openSite, takeScreenshots } from './open-site.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const patient = { timeout: 30_000 }

it.skipIf(lacking('chromium'))(
  'all classes are made anew when the model changes while they are made',
  async () => {
    await using site = await openSite()
    const { page, problems } = await site.open()
    const names = ['0-ankle-boot', '2-trouser', '8-sandal', '18-bag']
    const many = Array.from({ length: 40 }, (_, index) => join(images, `${names[index % 4]}.png`))
    await modelReady(page)
    await page.setInputFiles('input[type=file]', many)
    await page.click('.choose-open')
    await page.check('.choose-dialog input[value="float16"]')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.textContent('.list [role=status]'), patient).toBe('40 done')
    await modelReady(page)
    await expect.poll(() => page.textContent('.list [role=status]'), patient).toBe('40 done')
    const labels = (await page.locator('.given .label').allTextContents()).map((label) =>
      label.replace(/ \d+ %$/, ''),
    )
    expect(labels).toEqual(many.map((_, index) => ['Ankle boot', 'Trouser', 'Sandal', 'Bag'][index % 4]))
    expect(page.url()).toContain('storage=float16')
    expect(problems).toEqual([])
  },
)

const best = (page: Page): Promise<string | null> => page.textContent('.bars .name')
const found = (page: Page): Promise<string[]> => page.locator('.given .label').allTextContents()

it.skipIf(lacking('chromium'))(
  'takes several pictures, one of them broken, dropped and pasted ones, and keeps them from view to view',
  async () => {
    await using site = await openSite()
    const scratch = await mkdtemp(join(tmpdir(), 'mobileone-classify-'))
    onTestFinished(() => rm(scratch, { recursive: true, force: true }))
    const { page, problems } = await site.open()
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
  },
)

it.skipIf(lacking('golden', 'chromium'))('says what the real S0 says of a photograph', async () => {
  await using site = await openSite()
  const { images: photographs } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
  const logits = readGoldenFloat32('imagenet-sample', 'reference-logits.f32').subarray(0, 1000)
  const label = imagenetLabels[logits.indexOf(Math.max(...logits))]
  const { page, problems } = await site.open()
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
})
