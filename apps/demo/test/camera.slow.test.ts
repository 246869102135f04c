import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import { overlay, startCamera, track } from './camera-view.ts'
import { openSite } from './open-site.ts'

const patient = { timeout: 30_000 }

it.skipIf(lacking('chromium'))('the camera offers the others where there are several', async () => {
  await using several = await openSite(['--use-fake-device-for-media-stream=device-count=2'])
  const { page, problems, close } = await several.open('', { permissions: ['camera'] })
  await startCamera(page)
  await page.waitForSelector('.camera select')
  const first = await track(page)
  await page.locator('.camera select').selectOption({ index: 1 })
  await expect.poll(() => first.evaluate(({ readyState }) => readyState), patient).toBe('ended')
  await expect.poll(() => overlay(page), patient).toMatch(/ \d+ %$/)
  expect(await (await track(page)).evaluate(({ readyState }) => readyState)).toBe('live')
  expect(problems).toEqual([])
  await close()
})
