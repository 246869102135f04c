import { fileURLToPath } from 'node:url'
import { parseReport } from '@mobileone/measure'
import { type StudyName, studyNames } from '@mobileone/measure/studies'
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goTo, openSite, phoneCheck, type Site, violations } from './open-site.ts'

const status = (page: Page, wanted: string): Promise<unknown> =>
  page.waitForSelector(`.study-panel[data-status="${wanted}"]`, { timeout: 120_000 })

/** What `npm run bench -- --study all -o` wrote on a quiet machine; five digits are kept of each number. */
const storedReport = fileURLToPath(new URL('data/study-report.json', import.meta.url))
/** Of the tables of a study, for that report. */
const leastRows: Readonly<Record<StudyName, number>> = {
  activations: 14,
  blocks: 8,
  branches: 10,
  zoo: 30,
  predictors: 6,
  resolution: 10,
}

describe.skipIf(lacking('chromium'))('the pages of the studies', { retry: 2, timeout: 240_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('a study of two small networks is held, goes on, and its report is saved', async () => {
    const { page, problems, close } = await site.open('?study-networks=s0@128,s0@160', {
      viewport: { width: 390, height: 844 },
    })
    await goTo(page, 'studies')
    expect(await page.locator('.study-card').count()).toBe(6)
    await page.click('.study-card a[href="#studies/resolution"]')
    await page.waitForSelector('.study-panel[data-status="idle"]')
    expect(await page.locator('.study-panel [role="status"]').textContent()).toContain(
      '2 networks, 2 contenders',
    )
    await page.click('.study-panel button:has-text("Measure")')
    await page.waitForSelector('.study-panel progress')
    await page.click('.study-panel button:has-text("Pause")')
    await status(page, 'paused')
    await goTo(page, 'run')
    await goTo(page, 'studies/resolution', 'studies')
    await page.click('.study-panel button:has-text("Go on")')
    await status(page, 'done')
    const table = page.locator('.study-table').first()
    expect(await table.locator('tbody tr').count()).toBe(2)
    expect(await table.locator('td.measured').first().textContent()).toMatch(/^[\d.]+$/)
    expect(await page.locator('.plot-figure rect').count()).toBeGreaterThanOrEqual(6)
    expect(await page.locator('section[aria-labelledby="gaps-title"]').textContent()).toMatch(
      /Not measured: \d+ of the/,
    )
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect(await violations(page)).toEqual([])
    const download = page.waitForEvent('download')
    await page.click('button:has-text("Save as JSON")')
    const chunks: Buffer[] = []
    for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer)
    const report = parseReport(Buffer.concat(chunks).toString())
    expect(report.results.map(({ variant }) => variant).sort()).toEqual([
      's0@128',
      's0@128',
      's0@160',
      's0@160',
    ])
    expect(problems).toEqual([])
    await close()
  })

  it.each(['light', 'dark'] as const)(
    'every study shows a stored report on a phone, and has nothing that axe objects to: %s',
    async (colorScheme) => {
      const { page, problems, close } = await site.open('#studies', {
        viewport: { width: 390, height: 844 },
        colorScheme,
        reducedMotion: 'reduce',
      })
      const check = phoneCheck(page, colorScheme)
      await page.waitForSelector('.study-cards')
      await check('studies')
      // One study of each kind of plot in the dark: the rest has the same parts.
      for (const name of colorScheme === 'light' ? studyNames : (['blocks', 'predictors'] as const)) {
        await goTo(page, `studies/${name}`, 'studies')
        if (name === 'activations') await check('study-choose')
        await page.setInputFiles('.open-report input', storedReport)
        await page.waitForSelector('.study-table tbody tr')
        const rows = await page.locator('.study-table tbody tr').count()
        expect(rows, name).toBeGreaterThanOrEqual(leastRows[name])
        expect(await page.locator('.findings li').count(), name).toBeGreaterThan(0)
        await check(`study-${name}`)
      }
      expect(problems).toEqual([])
      await close()
    },
  )

  it('offers WebGPU with the reason why there is none', async () => {
    const { page, problems, close } = await site.open('?study-with=mobileone-webgpu#studies/activations')
    await page.waitForSelector('.study-refusal')
    expect(await page.textContent('.study-refusal')).toMatch(/^No WebGPU here: .+\.$/)
    const isDisabled = (name: string): Promise<boolean> => page.isDisabled(`input[value="${name}"]`)
    expect(await isDisabled('tfjs-webgpu')).toBe(true)
    expect(await isDisabled('mobileone-wasm')).toBe(false)
    expect(await page.textContent('.study-panel [role="status"]')).toBe('Nobody who is chosen runs here.')
    expect(await page.isDisabled('.study-panel button')).toBe(true)
    await page.check('input[value="mobileone-wasm"]')
    expect(await page.textContent('.study-panel [role="status"]')).toContain('1 contender')
    expect(await page.isDisabled('.study-panel button')).toBe(false)
    expect(problems).toEqual([])
    await close()
  })

  it('keeps what it measured when it is cancelled, and names what is missing', async () => {
    const { page, problems, close } = await site.open(
      '?study-networks=s0@128,s0@160,s0@192,s1@128&study-with=mobileone-wasm#studies/resolution',
    )
    await page.click('.study-panel button:has-text("Measure")')
    await page.waitForSelector('.study-table, .study-panel[data-status="done"]', { timeout: 120_000 })
    await page.click('.study-panel button:has-text("Cancel")')
    await status(page, 'cancelled')
    expect(await page.locator('.study-panel .notice').textContent()).toContain('Cancelled')
    expect(await page.locator('section[aria-labelledby="gaps-title"]').textContent()).toMatch(/Not measured/)
    expect(await page.locator('#frames iframe').count()).toBe(0)
    await page.click('a.back')
    await page.waitForSelector('.study-cards')
    expect(await page.locator('.study-state').textContent()).toBe('Measured in part')
    expect(problems).toEqual([])
    await close()
  })
})
