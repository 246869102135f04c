/** The bar that tells what the model runs on, and the dialog that it opens. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export const bar = '.choose-bar'
export const dialog = '.choose-dialog'

/** What the bar says now. */
export async function said(page: Page): Promise<string> {
  return ((await page.textContent(`${bar} .choose-status`)) ?? '').replace(/\s+/g, ' ')
}

/** Wait until the bar says `words`. */
export function says(page: Page, words: RegExp): Promise<void> {
  return expect.poll(() => said(page), { timeout: 30_000, interval: 20 }).toMatch(words)
}

/** Press a button of the bar. */
export function press(page: Page, name: string): Promise<void> {
  return page.click(`${bar} .choose-actions button:text-is("${name}")`)
}

export async function openDialog(page: Page): Promise<void> {
  await page.click('.choose-open')
  await page.waitForSelector(`${dialog}[open] .choose-times`)
}
