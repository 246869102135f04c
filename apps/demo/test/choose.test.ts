import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialog, openDialog, press, says } from './choose-dialog.ts'
import { modelReady, openSite, type Site } from './open-site.ts'

describe.skipIf(lacking('chromium'))('what the model runs on', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  it('is chosen in a dialog that says why the rest is refused, and times what was tried', async () => {
    const { page, problems, close } = await site.open('?threads=2')
    await modelReady(page)
    await page.keyboard.press('Tab')
    await page.focus('.choose-open')
    await page.keyboard.press('Enter')
    await page.waitForSelector(`${dialog}[open] :text("Not here: WebGPU")`)
    expect(await page.isDisabled('input[value="webgpu"]')).toBe(true)
    expect(await page.textContent('label:has(input[value="wasm"])')).toMatch(/simd/)
    expect(await page.textContent('.choose-panel select')).toMatch(/^12/)

    await page.click('.choose-times button')
    await page.waitForSelector('.choose-times .steady strong')
    await page.check('input[value="float16"]')
    await page.selectOption('.choose-panel select', '1')
    await page.waitForSelector('.choose-times tr[aria-current]:has-text("float16, WebAssembly, 1 thread")')
    const rows = await page.$$eval('.choose-times tbody tr', (found) =>
      found.map((row) => [...row.children].map((cell) => cell.textContent)),
    )
    const [, ...times] = rows[0] as string[]
    expect(rows.at(-1)?.[0]).toBe('Fashion-MNISTfloat16, WebAssembly, 1 thread')
    for (const at of [0, 1, 4, 5, 6, 7]) expect(times[at]).toMatch(/^\d.* m?s(, median of \d+ runs)?$/)
    expect(times.at(-1)).toMatch(/kB$/)
    expect(new URL(page.url()).search).toBe('?storage=float16')
    await page.evaluate(() => {
      location.hash = '#explain'
    })
    await page.check('input[value="float32"]')
    await page.goBack()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await modelReady(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run('.choose-dialog'),
      )
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    }
    await page.keyboard.press('Escape')
    await page.waitForSelector(`${dialog}:not([open])`, { state: 'attached' })
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('choose-open')
    expect(problems).toEqual([])
    await close()
  })

  it('says so where a backend of the address is refused, and runs on the other', async () => {
    const { page, problems, close } = await site.open('?backend=webgpu')
    await says(page, /WebGPU: not here.*no adapter/)
    await openDialog(page)
    expect(await page.textContent(`${dialog} .notice.error`)).toMatch(/no adapter/)
    expect(await page.textContent('.choose-times tbody')).toMatch(/WebGPU.*no adapter/)
    await page.keyboard.press('Escape')
    await press(page, 'Use WebAssembly')
    await modelReady(page)
    expect(new URL(page.url()).search).toBe('')
    expect(problems).toEqual([])
    await close()
  })

  it('takes a file, and asks for it again where the page was opened anew', async () => {
    const { page, problems, close } = await site.open('?model=file')
    await says(page, /has no file/)
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, 'Choose the file')])
    await chooser.setFiles(fileURLToPath(new URL('../assets/fashion-mnist.safetensors', import.meta.url)))
    await modelReady(page)
    expect(await page.textContent('.choose-open strong')).toBe('fashion-mnist.safetensors')
    await openDialog(page)
    const [other] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.click(`${dialog} button:text-is("Choose another file")`),
    ])
    await other.setFiles({
      name: 'no-weights.pt',
      mimeType: '',
      buffer: Buffer.from('this is no checkpoint'),
    })
    await says(page, /This file cannot be used/)
    await page.click(`${dialog} .choose-actions button:text-is("Use Fashion-MNIST")`)
    await modelReady(page)
    expect(problems).toEqual([])
    await close()
  })
})
