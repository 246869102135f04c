import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lacking, launchChromium } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type Example, installExample } from './example.ts'
import { expectedLabels, model, picture, serveFiles } from './page.ts'

/** Install and build `name`, with the small model beside its pages. */
async function build(name: string): Promise<Example> {
  const example = await installExample(name)
  await example.run('npm', ['run', 'build'])
  await copyFile(model, join(example.folder, 'dist/model.safetensors'))
  return example
}

/** What the page says of the picture. */
async function labels(page: Page): Promise<string> {
  await page.setInputFiles('input[type=file]', picture)
  await expect.poll(() => page.textContent('output'), { timeout: 60_000 }).toMatch(/\n.* %$/)
  return (await page.textContent('output')) as string
}

describe.skipIf(lacking('registry', 'chromium'))('the example of a service worker', () => {
  it('labels a picture after the server is gone', async () => {
    const example = await build('service-worker')
    const server = await serveFiles(join(example.folder, 'dist'))
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.goto(`${server.url}/?model=./model.safetensors`)
      const text = () => page.textContent('output')
      await expect.poll(text, { timeout: 60_000 }).toBe('From now on without a network, too')
      await server.close()
      await page.reload()
      expect(await labels(page)).toBe(await expectedLabels())
    } finally {
      await browser.close()
      await server.close()
      await example.remove()
    }
  })
})
