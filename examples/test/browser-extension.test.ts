import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumPath, lacking } from '@mobileone/testkit'
import { chromium, type Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type Example, installExample } from './example.ts'
import { expectedLabels, model, picture } from './page.ts'

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

describe.skipIf(lacking('registry', 'chromium'))('the browser extension', () => {
  it('labels a picture in its popup', async () => {
    const example = await build('browser-extension')
    const profile = await mkdtemp(join(tmpdir(), 'mobileone-profile-'))
    const folder = join(example.folder, 'dist')
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      // Playwright's own headless mode has no extensions.
      headless: false,
      args: [
        '--headless=new',
        '--no-sandbox',
        '--disable-features=DisableLoadExtensionCommandLineSwitch',
        `--disable-extensions-except=${folder}`,
        `--load-extension=${folder}`,
      ],
    })
    try {
      const page = await context.newPage()
      await page.goto('chrome://extensions')
      const id = await page.evaluate(
        () =>
          new Promise<string | undefined>((resolve) => {
            const { chrome } = globalThis as unknown as {
              chrome: { management: { getAll(use: (all: { id: string; name: string }[]) => void): void } }
            }
            chrome.management.getAll((all) =>
              resolve(all.find(({ name }) => name === 'What is in a picture')?.id),
            )
          }),
      )
      expect(id).toMatch(/^[a-p]{32}$/)
      await page.goto(`chrome-extension://${id}/popup.html?model=./model.safetensors`)
      expect(await labels(page)).toBe(await expectedLabels())
    } finally {
      await context.close()
      await rm(profile, { recursive: true, force: true })
      await example.remove()
    }
  })
})
