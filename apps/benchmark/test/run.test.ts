import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSite, type Site, takeScreenshots, violations } from './open-site.ts'
import { start, status } from './run-page.ts'

describe.skipIf(lacking('chromium'))('the page of runs', { retry: 1, timeout: 120_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('shows in its controls what the address asks for, and in the address what is chosen', async () => {
    const { page, problems, close } = await site.open(
      '?networks=s1,resnet18&contenders=mobileone-wasm&threads=2&size=160&batch=4&protocol=modelbench&rounds=3',
    )
    await page.waitForSelector('.setup')
    await takeScreenshots(page, 'run-choose')
    const chosen = await page.$$eval('.setup input:checked', (inputs) =>
      inputs.map((input) => (input as HTMLInputElement).value),
    )
    expect(chosen).toEqual(['s1', 'resnet18', 'mobileone-wasm', '2'])
    expect(
      await page.$$eval('.setup select', (all) => all.map((each) => (each as HTMLSelectElement).value)),
    ).toEqual(['160', '4'])
    await page.click('summary:has-text("Numbers of your own")')
    const numbers = await page.$$eval('.setup input[type="number"]', (all) =>
      all.map((each) => (each as HTMLInputElement).value),
    )
    expect(numbers).toEqual(['3', '50', '10', '1'])
    expect(await violations(page)).toEqual([])
    await page.check('input[value="quick"]')
    await page.uncheck('input[value="resnet18"]')
    await page.fill('input[name="rounds"]', '5')
    await page.press('input[name="rounds"]', 'Enter')
    expect(new URL(page.url()).search).toBe(
      '?networks=s1&contenders=mobileone-wasm&threads=2&size=160&batch=4&rounds=5',
    )
    expect(problems).toEqual([])
    await close()
  })

  it('measures, holds, goes on, is cancelled, and keeps what there was', async () => {
    const { page, problems, close } = await site.open(
      '?size=32&contenders=mobileone-wasm,ort-wasm&rounds=2000',
      { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' },
    )
    await page.waitForSelector('.setup')
    await start(page)
    await page.waitForFunction(() => /round \d/.test(document.querySelector('.run-phase')?.textContent ?? ''))
    expect(await page.isDisabled('input[value="s1"]')).toBe(true)
    await page.click('text="Pause"')
    await status(page, 'paused')
    const fraction = (): Promise<number> =>
      page.$eval('.run-panel progress', (bar) => (bar as HTMLProgressElement).value)
    await page.waitForTimeout(500)
    const held = await fraction()
    await page.waitForTimeout(700)
    expect(await fraction()).toBe(held)
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(1)

    await page.click('text="Go on"')
    await status(page, 'running')
    await page.waitForFunction(
      (before) => (document.querySelector('.run-panel progress') as HTMLProgressElement).value > before,
      held,
    )
    await page.click('text="Cancel"')
    await status(page, 'cancelled')
    expect(await page.textContent('.run-panel')).toMatch(/marked as incomplete/)
    expect(await page.textContent('.run-report')).toMatch(/is incomplete: .*after \d+ of 2000 runs/)
    expect(await page.$$eval('.strip', (all) => all.length)).toBe(2)
    expect(await page.$$eval('iframe', (all) => all.length)).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)

    // It is there after a visit to another page, and can be begun anew.
    await page.evaluate(() => (location.hash = 'studies'))
    await page.waitForSelector('main[data-page="studies"]')
    await page.goBack()
    await page.waitForSelector('.run-report .strip')
    expect(await page.textContent('.run-panel button')).toBe('Start again')
    expect(problems).toEqual([])
    await close()
  })
})
