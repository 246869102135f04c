import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import { createSiteServer } from '../src/site-server.ts'
import { built, kept, openKeptSite } from './kept-site.ts'
import { modelReady } from './open-site.ts'

const boot = fileURLToPath(new URL('../assets/images/0-ankle-boot.png', import.meta.url))

it.skipIf(lacking('chromium'))(
  'the page works without its server after the first visit: the model, a picture, every view',
  {
    retry: 1,
    timeout: 90_000,
  },
  async () => {
    await using site = await openKeptSite()
    const port = await site.serve(createSiteServer(built))
    const { page, problems } = await site.visit(`http://127.0.0.1:${port}/`)
    await kept(page)
    site.stop()

    await page.reload()
    await modelReady(page)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    await page.setInputFiles('main input[type="file"]', boot)
    await page.waitForSelector('main :text("Ankle boot")')
    const names = await page.$$eval('.top nav a', (links) =>
      links.map((link) => link.getAttribute('href')?.slice(1)),
    )
    expect(names.length).toBe(5)
    for (const name of [...names, 'nothing', names[0]]) {
      await page.evaluate((hash) => (location.hash = hash), name as string)
      const view = `main[data-view="${name === 'nothing' ? 'unknown' : name}"]`
      await page.waitForSelector(`${view} > :not(h1, .loading)`)
      expect(await page.$(`${view} > .notice.error`), name).toBeNull()
    }
    // Another choice takes other files: threads are workers of their own.
    await page.goto(`http://127.0.0.1:${port}/?threads=2`)
    await modelReady(page)
    expect(problems).toEqual([])
  },
)
