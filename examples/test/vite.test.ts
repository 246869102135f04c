import { lacking } from '@mobileone/testkit'
import { describe, it } from 'vitest'
import { checkStaticPage } from './check-page.ts'

describe.skipIf(lacking('registry', 'chromium'))('the example of Vite', () => {
  it('is built, and labels a picture', () => checkStaticPage('vite'))
})
