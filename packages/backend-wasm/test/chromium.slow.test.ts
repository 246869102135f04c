import { lacking } from '@mobileone/testkit'
import { test } from 'vitest'
import { expectWorkersToEnd, openBackendPages } from './chromium-pages.ts'

test.skipIf(lacking('chromium'))(
  'forty workers in Chromium that compiled for two threads, or gave up, and are ended then, end',
  async () => {
    await using pages = await openBackendPages()
    await expectWorkersToEnd(pages, 40)
  },
)
