import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import { openSite } from './open-site.ts'
import { expectPagesSuitEveryone } from './pages.ts'

it.skipIf(lacking('chromium'))(
  'the site has nothing that axe objects to and does not scroll sideways, at every width and in every scheme',
  {
    retry: 1,
    timeout: 90_000,
  },
  async () => {
    await using site = await openSite()
    const { page, problems } = await site.open('', { reducedMotion: 'reduce' })
    for (const [colorScheme, width] of [
      ['light', 360],
      ['dark', 390],
      ['light', 1280],
      ['dark', 1280],
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      await expectPagesSuitEveryone(page)
    }
    expect(problems).toEqual([])
  },
)
