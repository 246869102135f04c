import { lacking } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { photographFixtures } from './support/files.ts'
import { openPage } from './support/page.ts'
import { photographsUnlikePillow } from './support/photographs-in-page.ts'

test.skipIf(lacking('chromium', 'golden'))(
  '250 photographs in Chromium: decoded and cropped bit for bit as Pillow',
  async () => {
    const names = Object.keys(photographFixtures.photographs)
    expect(names).toHaveLength(250)
    const opened = await openPage()
    try {
      expect(await photographsUnlikePillow(opened.page, names)).toEqual([])
    } finally {
      await opened.close()
    }
  },
)
