/** The page of runs. */
import { toOnnx } from '@mobileone/onnx'
import type { Page } from 'playwright-core'
import { tiny } from './tiny.ts'

/** Wait until the run has one of these states. */
export async function status(page: Page, ...wanted: string[]): Promise<void> {
  await page.waitForSelector(wanted.map((each) => `[data-status="${each}"]`).join(), { timeout: 60_000 })
}

/** A file dropped anywhere on the page, as from another program. */
export function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  return page.evaluate(
    ([name, base64]) => {
      const dataTransfer = new DataTransfer()
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      dataTransfer.items.add(new File([bytes], name))
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
    },
    [name, Buffer.from(bytes).toString('base64')] as const,
  )
}

/** A network of milliseconds, in place of S0. */
export async function takeTiny(page: Page): Promise<void> {
  await page.uncheck('input[value="s0"]')
  await drop(page, 'tiny.onnx', toOnnx(tiny))
  await page.waitForFunction(() => /multiply-adds/.test(document.querySelector('.drop')?.textContent ?? ''))
}

export function start(page: Page): Promise<void> {
  return page.click('.run-panel button:text-is("Start")')
}
