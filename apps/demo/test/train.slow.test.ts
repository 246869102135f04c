import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { longTasks, watchLongTasks } from './long-tasks.ts'
import { modelReady, openSite, type Site, takeScreenshots } from './open-site.ts'

const picture = fileURLToPath(new URL('../assets/images/0-ankle-boot.png', import.meta.url))

/** A picture of the page shows a network that has learned something. */
const epochs = process.env.MOBILEONE_SCREENSHOTS ? 6 : 1

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
const stepOf = (page: Page, form = 'branches') =>
  page.$eval(`[data-run="${form}"]`, (run) => Number((run as HTMLElement).dataset.step))
const phaseIs = (page: Page, phase: string) =>
  page.waitForSelector(`[data-phase="${phase}"]`, { timeout: 120_000 })

async function takeSample(page: Page): Promise<void> {
  await button(page, /^Sample/).click()
  await page.waitForSelector('.strip canvas')
}

/** Columns of the table of numbers, from before the first step to after the last. */
async function numbersOf(page: Page): Promise<number[][]> {
  const rows = await page.$$eval('.numbers tbody tr', (all) =>
    all.map((row) => [...row.children].map((cell) => Number.parseFloat(cell.textContent ?? ''))),
  )
  return rows[0]!.map((_, column) => rows.map((row) => row[column] as number))
}

describe.skipIf(lacking('chromium'))('the view', () => {
  let site: Site
  let folder: string
  beforeAll(async () => {
    site = await openSite()
    folder = await mkdtemp(join(tmpdir(), 'train-'))
    await makeStripes(join(folder, 'stripes'))
  })
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('trains both forms, pauses, goes on while another view is shown, folds and hands over', {
    retry: 2,
    timeout: 180_000,
  }, async () => {
    const { page, problems, close } = await site.open('#train')
    await watchLongTasks(page)
    await page.evaluate(() => {
      const moved = { shift: 0 }
      Object.assign(globalThis, { moved })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & {
          value: number
          hadRecentInput: boolean
        })[])
          if (!entry.hadRecentInput) moved.shift += entry.value
      }).observe({ type: 'layout-shift' })
    })
    expect(await button(page, 'Start training').isDisabled()).toBe(true)
    await takeSample(page)
    await page.getByLabel('Epochs').fill(`${epochs}`)
    await page.getByLabel('Width').selectOption('0.25')
    await button(page, 'Start training').click()

    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLElement>('[data-run]')].every(
        ({ dataset }) => Number(dataset.step) > 4,
      ),
    )
    await button(page, 'Pause').click()
    await phaseIs(page, 'paused')
    const paused = await stepOf(page)
    await page.waitForTimeout(600)
    expect(await stepOf(page)).toBe(paused)
    expect(paused).toBeLessThan(62 * epochs)

    await button(page, 'Resume').click()
    await page.click('nav a[href="#explain"]')
    await page.waitForFunction(() => /\d %/.test(document.querySelector('.training-mark')?.textContent ?? ''))
    await page.click('nav a[href="#train"]')
    await page.waitForSelector('[data-run]')
    expect(await stepOf(page)).toBeGreaterThanOrEqual(paused)
    await phaseIs(page, 'ended')

    const [steps, branchLoss, branchRight, plainLoss, plainRight] = await numbersOf(page)
    expect(steps![0]).toBe(0)
    expect(steps!.at(-1)).toBe(62 * epochs)
    for (const losses of [branchLoss!, plainLoss!]) expect(losses.at(-1)).toBeLessThan(2)
    for (const right of [branchRight!, plainRight!]) expect(right.at(-1)).toBeGreaterThan(20)
    expect(await page.$$eval('.samples .said', (said) => said.length)).toBe(20)

    await button(page, 'Fold and compare').click()
    await page.waitForFunction(() => document.querySelectorAll('[data-folded]').length === 2)
    const errors = await page.$$eval('[data-folded]', (all) =>
      all.map((each) => Number((each as HTMLElement).dataset.error)),
    )
    for (const error of errors) expect(error).toBeLessThan(1e-4)
    const cells = await page.$$eval('[data-folded] tbody tr', (rows) =>
      rows.map((row) => [...row.children].map(({ textContent }) => textContent)),
    )
    console.log(cells.map((row) => row.join(' ')).join('; '))
    const nodes = cells.filter(([name]) => name === 'nodes')
    expect(nodes[0]?.[2]).toBe(nodes[1]?.[2])
    expect(Number(nodes[0]?.[1])).toBeGreaterThan(3 * Number(nodes[0]?.[2]))
    for (const [, before, after] of cells.filter(([name]) => name === 'right')) expect(before).toBe(after)
    // A run that is done and folded needs its worker no more.
    const names = () => page.workers().filter((worker) => worker.url().includes('training-worker')).length
    await expect.poll(names).toBe(0)

    const download = page.waitForEvent('download')
    await button(page, 'Save trained').first().click()
    expect((await download).suggestedFilename()).toBe('trained-with-branches.safetensors')

    await button(page, 'Use it').first().click()
    await page.waitForSelector('main[data-view="classify"]')
    await expect.poll(() => page.url()).toContain('model=file')
    await modelReady(page)
    await page.locator('input[type="file"][accept^="image"]').first().setInputFiles(picture)
    await page.waitForFunction(() => /\d %/.test(document.querySelector('.bars .value')?.textContent ?? ''))
    expect(problems).toEqual([])
    const shift = await page.evaluate(
      () => (globalThis as unknown as { moved: { shift: number } }).moved.shift,
    )
    expect(await longTasks(page)).toEqual([])
    expect(shift).toBeLessThan(0.05)

    await page.click('nav a[href="#train"]')
    await page.waitForSelector('[data-folded]')
    expect(await violationsIn(page)).toEqual([])
    await takeScreenshots(page, 'train')
    await close()
  })

  it('learns from a folder with a broken picture, and stops', { retry: 1, timeout: 60_000 }, async () => {
    const { page, problems, close } = await site.open('#train', { viewport: { width: 360, height: 740 } })
    await page.getByLabel('A folder of pictures by class').setInputFiles(join(folder, 'stripes'))
    await page.waitForSelector('.strip canvas')
    const told = await page.textContent('.loaded')
    expect(told).toMatch(/32 pictures to learn from and 8 held out, of 2 classes, 32 x 32, in colour/)
    expect(told).toMatch(/1 picture was left out/)
    expect(told).toMatch(/across\/broken\.png/)
    await page.getByLabel('Networks').selectOption('plain')
    await page.getByLabel('Pictures a step').selectOption('16')
    await page.getByLabel('Width').selectOption('0.25')
    await page.getByLabel('Epochs').fill('200')
    await button(page, 'Start training').click()
    await page.waitForFunction(
      () => Number(document.querySelector<HTMLElement>('[data-run]')?.dataset.step) > 3,
    )
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await button(page, 'Stop').click()
    await phaseIs(page, 'ended')
    const names = () => page.workers().filter((worker) => worker.url().includes('training-worker')).length
    await expect.poll(names).toBe(0)
    expect(await page.textContent('[data-run]')).toContain('stopped')
    expect(problems).toEqual([])
    await close()
  })

  it('says what is wrong: with a folder, with steps too large, without WebAssembly files', {
    retry: 1,
    timeout: 60_000,
  }, async () => {
    const { page, close } = await site.open('#train')
    await page.getByLabel('A folder of pictures by class').setInputFiles(join(folder, 'stripes', 'across'))
    await page.waitForSelector('.loaded .error')
    expect(await page.textContent('.loaded .error')).toMatch(/one folder of pictures for each class/)
    await takeSample(page)
    await page.getByLabel('Learning rate').fill('0')
    expect(await page.textContent('.problem')).toMatch(/above 0/)
    await page.getByLabel('Learning rate').fill('1e12')
    await page.getByLabel('Width').selectOption('0.25')
    await page.getByLabel('Networks').selectOption('plain')

    await page.context().route(/simd.*\.wasm/, (route) => route.abort())
    await button(page, 'Start training').click()
    await page.waitForSelector('[data-run] .error')
    expect(await page.textContent('[data-run] .error')).toMatch(/TensorFlow\.js could not be started/)
    await page.context().unroute(/simd.*\.wasm/)
    await button(page, 'Train anew').click()
    await page.waitForSelector('[data-status="failed"]', { timeout: 30_000 })
    expect(await page.textContent('[data-run] .error')).toMatch(/smaller learning rate/)
    await close()
  })
})

/** What axe finds in both themes. */
async function violationsIn(page: Page): Promise<string[]> {
  // axe's own script, which the policy would refuse as one of the page.
  await page.evaluate(axe.source)
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
    found.push(...violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes[0]?.html}`))
  }
  return found
}

/** Two classes, told apart by the direction of their stripes, and one file that is no picture. */
async function makeStripes(to: string): Promise<void> {
  for (const [direction, label] of ['across', 'down'].entries()) {
    await mkdir(join(to, label), { recursive: true })
    for (let index = 0; index < 20; index++) {
      const pixels = Buffer.alloc(40 * 40 * 3)
      for (let at = 0; at < 1600; at++) {
        const place = direction === 0 ? Math.floor(at / 40) : at % 40
        pixels.fill((place + index) % 8 < 4 ? 255 - 4 * index : 2 * index, 3 * at, 3 * at + 3)
      }
      await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } }).toFile(
        join(to, label, `${index}.png`),
      )
    }
  }
  await writeFile(join(to, 'across', 'broken.png'), 'no picture')
}
