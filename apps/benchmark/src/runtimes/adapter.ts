/** Chromium with WebGPU, on a GPU where there is one. */

import { MobileOneError } from '@mobileone/core'
import { describeAdapter, type GpuAdapter } from '@mobileone/measure'
import { launchChromium } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'

/** `auto` takes the software adapter, SwiftShader, only where Chromium finds no other. */
export type AdapterChoice = 'auto' | 'hardware' | 'software'
export const adapterChoices: readonly AdapterChoice[] = ['auto', 'hardware', 'software']

const always = ['--enable-unsafe-webgpu']
const hardware = [
  ...always,
  '--ignore-gpu-blocklist',
  ...(process.platform === 'linux'
    ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface']
    : []),
]
const software = [...always, '--use-webgpu-adapter=swiftshader']

/**
 * Headless Chromium whose pages have an adapter of that kind; `url` is a page of a secure address to ask in.
 * @throws MobileOneError `unavailable` where there is none.
 */
export async function launchGpuChromium(url: string, choice: AdapterChoice): Promise<Browser> {
  const tried: string[] = []
  if (choice !== 'software') {
    const { browser, adapter } = await launch(hardware, url)
    if (adapter && !adapter.software) return browser
    tried.push(adapter ? `only ${adapter.name}, a software adapter` : 'no adapter')
    await browser.close()
  }
  if (choice !== 'hardware') {
    const { browser, adapter } = await launch(software, url)
    if (adapter) return browser
    tried.push('no software adapter')
    await browser.close()
  }
  throw new MobileOneError(
    'unavailable',
    `Chromium has ${tried.join(', and ')} for WebGPU; update Chromium (CHROMIUM_PATH) or the GPU's driver, or try --adapter software`,
  )
}

async function launch(
  flags: readonly string[],
  url: string,
): Promise<{ readonly browser: Browser; readonly adapter: GpuAdapter | undefined }> {
  const browser = await launchChromium(flags, { handleSIGINT: false, handleSIGTERM: false })
  try {
    const page = await browser.newPage()
    await page.goto(url)
    const info = await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter()
      if (!adapter) return undefined
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
      return { vendor, architecture, device, description, isFallbackAdapter }
    })
    await page.close()
    return { browser, adapter: info && describeAdapter(info as GPUAdapterInfo) }
  } catch (error) {
    await browser.close()
    throw error
  }
}
