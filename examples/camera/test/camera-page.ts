/** The page, served by Vite, in a Chromium whose camera shows a picture. */
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath, launchChromium, pictureFilm } from '@mobileone/testkit'
import type { Browser, Page } from 'playwright-core'
import type { Plugin, ViteDevServer } from 'vite'
import { longTasks, watchLongTasks } from '../../../apps/demo/test/long-tasks.ts'

export const root: string = fileURLToPath(new URL('..', import.meta.url))
export const assets: string = fileURLToPath(new URL('../../../apps/demo/assets', import.meta.url))

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
export const plugins: Plugin[] = [
  weights({
    '/small': join(assets, 'fashion-mnist.safetensors'),
    '/s0': goldenPath('mobileone_s0_unfused.pth.tar'),
  }),
]

/** Chromium with a camera that shows a picture, now darker and now lighter; the film of it lies in `folder`. */
export async function launchWithCamera(folder: string, picture: string): Promise<Browser> {
  const file = join(folder, `${basename(picture)}.y4m`)
  await writeFile(file, await pictureFilm(picture))
  return launchChromium(['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`])
}

/** A page of its own profile, which has these permissions and no others. */
export async function openPage(
  browser: Browser,
  url: string,
  permissions: readonly string[] = ['camera'],
): Promise<Page> {
  const context = await browser.newContext()
  await context.grantPermissions([...permissions])
  const page = await context.newPage()
  await page.goto(url)
  return page
}

export function addressOf(served: Pick<ViteDevServer, 'resolvedUrls'>): string {
  return served.resolvedUrls?.local[0] ?? 'nowhere'
}

/** Press Start and wait until the page says what it sees now. */
export async function startCamera(page: Page): Promise<void> {
  const before = await page.textContent('pre')
  await page.click('button')
  await page.waitForFunction((before) => {
    const text = document.querySelector('pre')?.textContent ?? ''
    return text !== before && /frames\/s/.test(text)
  }, before)
}

/** What the page says. */
export function told(page: Page): Promise<{ readonly label: string; readonly speed: string }> {
  return page.evaluate(() => {
    const lines = (document.querySelector('pre')?.textContent ?? '').split('\n')
    return { label: lines[0] ?? '', speed: lines.at(-1) ?? '' }
  })
}

/** Start, and watch a second and a half of results: what the page says then, and its tasks of more than 50 ms of the processor. */
export async function watch(
  page: Page,
): Promise<{ readonly tasks: readonly number[]; readonly label: string; readonly speed: string }> {
  await watchLongTasks(page)
  await startCamera(page)
  await page.waitForTimeout(1500)
  return { tasks: await longTasks(page), ...(await told(page)) }
}
