import { toOnnx } from '@mobileone/onnx'
import { lacking, softwareGpu } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSite, type Site, violations } from './open-site.ts'
import { drop, start, status, takeTiny } from './run-page.ts'
import { tiny } from './tiny.ts'

describe.skipIf(lacking('chromium'))('the page of runs', { retry: 1, timeout: 120_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite(softwareGpu)
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('measures the int8 form beside the network, of those who compute in integers', async () => {
    const { page, problems, close } = await site.open(
      '?contenders=mobileone-wasm,ort-wasm,tfjs-wasm&rounds=3',
    )
    await page.waitForSelector('.setup')
    await takeTiny(page)
    await page.check('input[value="int8"]')
    expect(new URL(page.url()).searchParams.get('precision')).toBe('float32,int8')
    await start(page)
    await status(page, 'done', 'failed')
    expect(await page.textContent('.run-report')).not.toMatch(/not measured/i)
    const strips = await page.$$eval('.strip', (all) => all.map((each) => each.textContent ?? ''))
    expect(strips).toHaveLength(5)
    expect(strips.filter((text) => text.includes('int8'))).toHaveLength(2)
    expect(problems).toEqual([])
    await close()
  })

  it('measures a network that is dropped on the page, and refuses what is none', async () => {
    const { page, problems, close } = await site.open('?contenders=mobileone-wasm,ort-wasm&rounds=3')
    await page.waitForSelector('.setup')
    const words = (): Promise<string | null> => page.textContent('.drop')
    await drop(page, 'broken.onnx', toOnnx(tiny).subarray(0, 5000))
    await page.waitForSelector('.drop .notice.error')
    expect(await words()).toMatch(/broken\.onnx \(5\.0 kB\).*This file cannot be measured.*ONNX/s)
    expect(await page.textContent('.run-panel')).toMatch(/Your network cannot be measured: leave it out/)
    expect(await page.isDisabled('.run-panel button')).toBe(true)
    await drop(page, 'notes.txt', Buffer.from('no network at all'))
    await page.waitForFunction(() =>
      /notes\.txt.*cannot be measured/s.test(document.querySelector('.drop')?.textContent ?? ''),
    )
    expect(await violations(page)).toEqual([])

    await takeTiny(page)
    expect(await words()).toMatch(/tiny: 3 × 32 × 32, \d+ M multiply-adds, [\d.]+ kB of weights/)
    await start(page)
    await status(page, 'done', 'failed')
    expect(await page.$$eval('.strip', (all) => all.length)).toBe(2)
    expect(await page.textContent('.run-report')).toMatch(/Your network/)
    expect(await page.textContent('.verdicts')).toMatch(/MobileOne|ONNX/)
    await page.click('text="Leave it out"')
    expect(await page.textContent('.run-panel')).toMatch(/Choose at least one network/)
    expect(problems).toEqual([])
    await close()
  })

  it('keeps what it measured of a backend that is lost in the middle, and says so', async () => {
    const { page, problems, close } = await site.open()
    await page.addInitScript(() => {
      const made: GPUDevice[] = []
      Object.assign(globalThis, { made })
      if (typeof GPUAdapter === 'undefined') return
      const { requestDevice } = GPUAdapter.prototype
      GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await requestDevice.apply(this, given)
        made.push(device)
        return device
      }
    })
    await page.goto(`${site.url}/?contenders=mobileone-wasm,mobileone-webgpu&rounds=100`)
    await page.waitForSelector('.setup')
    await takeTiny(page)
    await page.waitForFunction(() =>
      /swiftshader/i.test(document.querySelector('.gpu-finding')?.textContent ?? ''),
    )
    await start(page)
    await page.waitForFunction(() =>
      /round ([2-9]|\d{2,}) /.test(document.querySelector('.run-phase')?.textContent ?? ''),
    )
    for (const frame of page.frames().slice(1)) {
      await frame.evaluate(() => {
        const { made } = globalThis as unknown as { made: GPUDevice[] }
        for (const device of made) device.destroy()
        GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error('there is no device any more'))
      })
    }
    await status(page, 'done', 'failed')
    expect(await page.getAttribute('.run-panel', 'data-status')).toBe('done')
    expect(await page.textContent('.run-report')).toMatch(
      /MobileOne, WebGPU, is incomplete: .+, after \d+ of 100 runs/,
    )
    const strips = await page.$$eval('.strip', (all) => all.map((each) => each.textContent))
    expect(strips).toHaveLength(2)
    expect(strips.filter((text) => text?.includes('incomplete'))).toHaveLength(1)
    expect(problems).toEqual([])
    await close()
  })

  it('shows every run to the pointer and the keyboard, explains each column, and suits everyone', async () => {
    const { page, problems, close } = await site.open(
      '?contenders=mobileone-wasm,tfjs-wasm&threads=1,2&protocol=modelbench&rounds=2&runs=10&trim=2',
      { reducedMotion: 'reduce' },
    )
    await page.waitForSelector('.setup')
    await takeTiny(page)
    await start(page)
    await status(page, 'done', 'failed')
    const strip = page.locator('.strip-dots').first()
    expect(await page.$$eval('.strip', (all) => all.length)).toBe(4)
    expect(await strip.getAttribute('aria-valuemax')).toBe('20')
    await strip.focus()
    await page.keyboard.press('End')
    expect(await strip.getAttribute('aria-valuetext')).toMatch(/^round 2, run 10: [\d.]+ ms/)
    expect(await page.textContent('.plot .said')).toMatch(/round 2, run 10/)
    const dots = (selector: string): Promise<number> =>
      page.$$eval(selector, (all) =>
        all.reduce((sum, each) => sum + (each.getAttribute('d') ?? '').split('M').length - 1, 0),
      )
    expect(await dots('.dot')).toBe(4 * 20)
    // Two at each end of two rounds of four, but for those beyond the axis.
    expect(await dots('.left-out')).toBeGreaterThan(4 * 4)
    expect((await dots('.left-out')) + (await dots('.beyond'))).toBeGreaterThanOrEqual(4 * 8)
    await page.keyboard.press('Tab')
    await page.focus('.explained')
    await page.keyboard.press('Enter')
    expect(await page.isVisible('.tip:popover-open')).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.$$eval('.tip:popover-open', (all) => all.length)).toBe(0)
    expect(await page.textContent('.verdicts')).toMatch(/MobileOne|TensorFlow/)

    for (const [width, colorScheme] of [
      [1280, 'light'],
      [360, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(200)
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      const cut = await page.$$eval('.run-report table, .run-report svg', (all) =>
        all.flatMap((each) =>
          each.getBoundingClientRect().right > innerWidth ? [each.outerHTML.slice(0, 80)] : [],
        ),
      )
      expect(cut, `${width}`).toEqual([])
    }
    expect(problems).toEqual([])
    await close()
  })
})
