import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import { modelReady, openSite } from './open-site.ts'

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
