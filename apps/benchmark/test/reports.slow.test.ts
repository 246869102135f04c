import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { parseReport, type Report, reportJson } from '@mobileone/measure'
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  changeText,
  differenceRows,
  ratioPlace,
  summaryText,
} from '../src/site/pages/compare/compare-words.ts'
import { goTo, openSite, phoneCheck, type Site } from './open-site.ts'
import { makeReport } from './sample-report.ts'

describe('the words of a comparison', () => {
  const ratio = { ratio: 0.5, low: 0.45, high: 0.55 }

  it('say what is faster, by how much, and what does not differ', () => {
    expect(changeText({ change: 'faster', ratio })).toBe('2.00 × as fast')
    expect(changeText({ change: 'slower', ratio: { ratio: 1.5, low: 1.4, high: 1.6 } })).toBe(
      '1.50 × as slow',
    )
    expect(changeText({ change: 'alike', ratio: { ratio: 1.01, low: 0.9, high: 1.1 } })).toBe('no difference')
    expect(changeText({ change: 'removed', ratio: undefined })).toBe('only in the first')
    expect(
      summaryText([{ change: 'faster' }, { change: 'alike' }, { change: 'alike' }, { change: 'added' }]),
    ).toBe('Of 3 results in both, 1 is faster in the second, 2 do not differ.')
    expect(summaryText([{ change: 'added' }])).toBe('The two have no result in common.')
  })

  it('place ratios between half and twice, and leave out what only programs read', () => {
    expect([0.1, 0.5, 1, 2, 9].map(ratioPlace)).toEqual([0, 0, 0.5, 1, 1])
    expect(differenceRows(['cores: 2 and 8', 'userAgent: a and b', 'browser: A 1 and A 2'])).toEqual([
      ['Cores', '2 → 8'],
      ['Browser', 'A 1 → A 2'],
    ])
  })
})

describe.skipIf(lacking('chromium'))('reports on the page', { retry: 1, timeout: 120_000 }, () => {
  let site: Site
  let folder: string
  beforeAll(async () => {
    site = await openSite()
    folder = await mkdtemp(join(tmpdir(), 'mobileone-reports-'))
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function fileOf(name: string, text: string): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  async function openReport(page: Page, path: string | readonly string[]): Promise<void> {
    await goTo(page, 'report')
    await page.setInputFiles('main input[type=file]', path as string)
  }

  async function saved(page: Page, button: string): Promise<{ name: string; text: string }> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ])
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
  }

  it('measures, saves, opens, compares and shares one, and keeps it for the next visit', async () => {
    const { page, problems, close } = await site.open(
      '?contenders=mobileone-wasm,tfjs-wasm&rounds=4&size=64#run',
      { permissions: ['clipboard-read', 'clipboard-write'] },
    )
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.getByRole('link', { name: 'Open as a report' }).click({ timeout: 90_000 })
    await page.getByRole('heading', { name: /^This browser, / }).waitFor()

    const { name, text } = await saved(page, 'Save the report')
    expect(name).toMatch(/^mobileone-benchmark-\d{4}-\d\d-\d\dT[\d-]+\.json$/)
    const report = parseReport(text)
    expect(report.results.map(({ contender }) => contender).sort()).toEqual(['mobileone-wasm', 'tfjs-wasm'])
    for (const { samples } of report.results) expect(samples).toHaveLength(4)
    const picture = await saved(page, 'Save a picture')
    expect(picture.text).toMatch(/^<svg xmlns/)
    await page.getByRole('button', { name: 'Copy as Markdown' }).click()
    await page.getByText('is copied.').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^\| \*\*mobileone-wasm\*\* /m)

    const slower: Report = {
      ...report,
      machine: { ...report.machine, cores: 64 },
      versions: { ...report.versions, browser: 'Other 1' },
      results: report.results.map((result) => ({
        ...result,
        samples: result.samples.map((ms) => ms * 3),
        medianMs: (result.medianMs ?? 0) * 3,
      })),
    }
    await openReport(page, await fileOf('slower.json', reportJson(slower)))
    await page.getByRole('heading', { name: 'slower.json' }).waitFor()
    await goTo(page, 'compare')
    await page.getByText('Of 2 results in both, 2 are slower in the second.').waitFor()
    expect(await page.locator('.change .bad').allTextContents()).toEqual(['3.00 × as slow', '3.00 × as slow'])
    expect(await page.getByText('They were not measured under the same conditions').count()).toBe(1)
    expect(await page.locator('dl.facts').last().textContent()).toContain('Other 1')
    await page.getByRole('button', { name: 'Swap' }).click()
    await page.getByText('2 are faster in the second').waitFor()

    await goTo(page, 'report')
    await page.getByRole('link', { name: /^This browser/ }).click()
    await page.getByRole('button', { name: 'Share as a link' }).click()
    const link = await page.getByRole('textbox').inputValue()
    expect(link.length).toBeLessThan(2000)
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link)
    const other = await site.open(link.slice(site.url.length + 1))
    await other.page.getByRole('heading', { name: 'Somebody’s measurement' }).waitFor()
    expect(await other.page.locator('.shared-results li').count()).toBe(2)
    await goTo(other.page, 'report')
    await other.page.getByText('There is no report yet.').waitFor()
    expect(other.problems).toEqual([])
    await other.close()

    await goTo(page, 'report')
    await page.reload()
    await page.getByRole('button', { name: 'Delete slower.json' }).click()
    await page.waitForTimeout(300)
    await page.reload()
    await page.getByRole('link', { name: /^This browser/ }).waitFor()
    expect(await page.locator('.kept-reports li').count()).toBe(1)
    expect(problems).toEqual([])
    await close()
  })

  it('names what is wrong with files and links, and lets none of them do anything', async () => {
    const { page, problems, close } = await site.open('#report')
    const json = reportJson(makeReport())
    const wrong: Readonly<Record<string, [text: string, reason: string]>> = {
      'picture.json': ['\u0089PNG', 'it is not JSON'],
      'half.json': [json.slice(0, json.length / 2), 'it is not JSON'],
      'later.json': ['{"reportVersion":99}', 'its version is 99'],
      'other.json': ['{"a":1}', 'date: '],
      'samples.json': [json.replace(/"samples": \[\n\s+[\d.]+/, '"samples": [\n -1'), 'samples'],
      'null.json': ['null', 'expected object but received null'],
    }
    for (const [name, [text, reason]] of Object.entries(wrong)) {
      await openReport(page, await fileOf(name, text))
      const notice = page.getByRole('alert')
      await notice.getByText(`${name} could not be opened`).waitFor()
      expect(await notice.textContent(), name).toContain(reason)
    }
    expect(await page.locator('.kept-reports li').count()).toBe(0)

    await page.evaluate((text) => {
      const data = new DataTransfer()
      data.setData('text/plain', text)
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))
    }, '{"pasted": true}')
    await page.getByText('Pasted report could not be opened').waitFor()

    const script = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'
    const hostile = makeReport({ contender: script, variant: script, runtime: script })
    await openReport(page, [
      await fileOf(
        'hostile.json',
        reportJson({ ...hostile, versions: { [script]: script, browser: script } }),
      ),
      await fileOf('broken.json', '['),
    ])
    await page.getByText('broken.json could not be opened').waitFor()
    await page.getByRole('link', { name: /^hostile\.json/ }).click()
    await page.getByRole('heading', { name: 'hostile.json' }).waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)

    const bomb = deflateRawSync(Buffer.alloc(3_000_000, 32)).toString('base64url')
    const links = ['', 'AAAA', '%3Cscript%3E', bomb, 'x'.repeat(200_000)]
    for (const text of links) {
      await goTo(page, `shared/${text}`, 'shared')
      await page.getByText('This link cannot be read').waitFor()
    }
    await goTo(page, 'report/12345', 'report')
    await page.getByText('That report is not in this browser').waitFor()
    expect(await page.title()).not.toContain('taken')
    expect(problems).toEqual([])
    await close()
  })

  it.each(['light', 'dark'] as const)(
    'suits a phone and has nothing that axe objects to: %s',
    async (colorScheme) => {
      const { page, problems, close } = await site.open('#report', {
        viewport: { width: 390, height: 844 },
        colorScheme,
        reducedMotion: 'reduce',
      })
      const check = phoneCheck(page, colorScheme)
      const first = makeReport({}, 1)
      const second = makeReport({}, 0.8)
      await openReport(page, [
        await fileOf('Monday.json', reportJson(first)),
        await fileOf(
          'Tuesday, after the update.json',
          reportJson({ ...second, versions: { ...second.versions, browser: 'Chromium 141' } }),
        ),
      ])
      await page.locator('.kept-reports li').nth(1).waitFor()
      await check('reports')
      await page.getByRole('link', { name: /^Monday/ }).click()
      await page.getByRole('button', { name: 'Share as a link' }).click()
      const link = await page.getByRole('textbox').inputValue()
      await check('report')
      await goTo(page, 'compare')
      await page.locator('.comparison').waitFor()
      await check('compare')
      await goTo(page, new URL(link).hash.slice(1), 'shared')
      await page.locator('.shared-results').first().waitFor()
      await check('shared')
      expect(problems).toEqual([])
      await close()
    },
  )
})
