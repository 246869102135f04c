import { lacking } from '@mobileone/testkit'
import { describe, it } from 'vitest'
import { checkServedPage } from './check-page.ts'

describe.skipIf(lacking('registry', 'chromium'))('the example of Next.js', () => {
  it('is built, and labels a picture in the page and on the server', () => checkServedPage('next'))
})
