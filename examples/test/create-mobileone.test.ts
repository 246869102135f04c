import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lacking, launchChromium, pictureFilm } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Example, emptyFolder, within } from './example.ts'
import { model, picture, serveFiles } from './page.ts'

/** A busy machine takes its time. */
const patient = { timeout: 60_000 }
const registry = process.env.MOBILEONE_REGISTRY ?? ''

/** `npm create mobileone app` with `args`, then what it says comes next; the folder of the app. */
async function create(folder: Example, args: readonly string[]): Promise<Example> {
  await writeFile(join(folder.folder, '.npmrc'), `registry=${registry}\n`)
  // Of another run npm would keep the program.
  const cache = { npm_config_cache: join(folder.folder, 'npm') }
  const said = await folder.run('npm', ['create', '--yes', 'mobileone', 'app', '--', ...args], cache)
  expect(said).toContain('cd app\n  npm i\n  npm run dev\n')
  const app = within(join(folder.folder, 'app'))
  await app.run('npm', [
    'i',
    `--@mobileone:registry=${registry}`,
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ])
  return app
}

describe.skipIf(lacking('registry', 'chromium')).each(['vanilla', 'react', 'vue'])(
  'npm create mobileone: the template %s',
  (template) => {
    let folder: Example
    let server: Awaited<ReturnType<typeof serveFiles>>
    let browser: Browser
    beforeAll(async () => {
      folder = await emptyFolder(`create-${template}`)
      const app = await create(folder, ['--template', template, '--model', model])
      await app.run('npm', ['run', 'build'])
      server = await serveFiles(join(app.folder, 'dist'))
      const film = join(folder.folder, 'trouser.y4m')
      await writeFile(film, await pictureFilm(picture))
      browser = await launchChromium([
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-video-capture=${film}`,
      ])
    })
    afterAll(async () => {
      await browser?.close()
      await server?.close()
      await folder?.remove()
    })

    /** The page, and what it complains of. */
    async function open(permissions: readonly string[]): Promise<{ page: Page; complaints: string[] }> {
      const context = await browser.newContext()
      await context.grantPermissions([...permissions])
      const page = await context.newPage()
      page.setDefaultTimeout(60_000)
      const complaints: string[] = []
      page.on('pageerror', ({ message }) => complaints.push(message))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      await page.goto(server.url)
      return { page, complaints }
    }

    const best = (page: Page) => page.getByRole('list').getByRole('listitem').first().textContent()
    const camera = (page: Page, verb: 'Start' | 'Stop') =>
      page.getByRole('button', { name: `${verb} the camera` }).click()

    it('says what the camera sees, until it is stopped', async () => {
      const { page, complaints } = await open(['camera'])
      await camera(page, 'Start')
      await expect.poll(() => best(page), patient).toMatch(/^Trouser\d+ %$/)
      expect(await page.getByRole('status').textContent()).toMatch(/^The camera is on/)
      expect(await page.getByRole('meter').count()).toBe(5)
      expect(page.workers().length).toBeGreaterThan(0)
      await camera(page, 'Stop')
      await expect.poll(() => page.getByRole('listitem').count(), patient).toBe(0)
      expect(await page.isVisible('video')).toBe(false)
      expect(complaints).toEqual([])
    })

    it('says that the camera is denied, and takes a picture, chosen or dropped', async () => {
      const { page, complaints } = await open([])
      await camera(page, 'Start')
      await expect
        .poll(() => page.getByRole('alert').textContent(), patient)
        .toMatch(/^The camera is not allowed\. .*choose a picture\.$/)
      await page.setInputFiles('input[type=file]', picture)
      await expect
        .poll(() => page.getByRole('status').textContent(), patient)
        .toBe('This looks like: Trouser')
      expect(await best(page)).toMatch(/^Trouser\d+ %$/)
      expect(await page.isVisible('img')).toBe(true)

      await page.setInputFiles('input[type=file]', {
        name: 'no.png',
        mimeType: 'image/png',
        buffer: Buffer.of(1),
      })
      await expect
        .poll(() => page.getByRole('alert').textContent(), patient)
        .toMatch(/^The picture cannot be read: /)

      const bytes = (await readFile(picture)).toString('base64')
      await page.evaluate(async (base64) => {
        const file = new File([await (await fetch(`data:;base64,${base64}`)).blob()], 'a.png')
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(file)
        document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }))
      }, bytes)
      await expect
        .poll(() => page.getByRole('status').textContent(), patient)
        .toBe('This looks like: Trouser')
      expect(await page.textContent('[role=alert]')).toBe('')
      expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([])
    })
  },
)
