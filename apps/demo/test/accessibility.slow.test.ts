import { lacking } from '@mobileone/testkit'
import { it } from 'vitest'
import { modelReady, openSite } from './open-site.ts'
import { expectSuitsEveryone, goTo, views } from './views.ts'

it.skipIf(lacking('chromium'))(
  'the page has nothing that axe objects to, at every width and in every scheme',
  {
    retry: 1,
    timeout: 120_000,
  },
  async () => {
    await using site = await openSite()
    const { page } = await site.open('', { reducedMotion: 'reduce' })
    await modelReady(page)
    for (const [colorScheme, width] of [
      ['dark', 390],
      ['light', 1280],
      ['dark', 1280],
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      for (const view of views) {
        await goTo(page, view)
        await expectSuitsEveryone(page, `${view}, ${colorScheme}`)
      }
    }
  },
)
