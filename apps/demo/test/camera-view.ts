/** The camera of the page. */
import type { JSHandle, Page } from 'playwright-core'

export async function startCamera(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Camera' }).click()
  await page.getByRole('button', { name: 'Start the camera' }).click()
}

/** What stands over the picture: the best class. */
export function overlay(page: Page): Promise<string | null> {
  return page.textContent('.overlay').catch(() => '')
}

/** What the camera sends, running or ended. */
export function track(page: Page): Promise<JSHandle<MediaStreamTrack>> {
  return page.evaluateHandle(
    () => (document.querySelector('video')!.srcObject as MediaStream).getVideoTracks()[0]!,
  )
}
