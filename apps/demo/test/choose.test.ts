import { fileURLToPath } from 'node:url'
import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dialog, openDialog, press, says } from './choose-dialog.ts'
import { modelReady, openSite, type Site } from './open-site.ts'

describe.skipIf(lacking('chromium'))('what the model runs on', () => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

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
