import { fileURLToPath } from 'node:url'
import { lacking, launchChromium } from '@mobileone/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { measureFirstLoad } from '../src/measure/first-load.ts'
import { longTasks, watchLongTasks } from './long-tasks.ts'

const folder = fileURLToPath(new URL('../dist/site', import.meta.url))

// By the clock a visit takes longer, too, when another program has the processor meanwhile.
it.skipIf(lacking('chromium'))('a first visit is fast', { retry: 2 }, async () => {
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  await watchLongTasks(browser)
  const visit = await measureFirstLoad(browser, folder)
  expect(await longTasks(browser)).toEqual([])
  expect(visit.firstContentfulPaint).toBeLessThan(1500)
  expect(visit.largestContentfulPaint).toBeLessThan(2000)
  expect(visit.ready).toBeLessThan(3000)
})
