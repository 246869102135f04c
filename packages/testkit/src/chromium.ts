import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import { chromiumPath } from './requirements.ts'

/** Arguments for WebGPU without a GPU: Chromium's software adapter. */
export const softwareGpu: readonly string[] = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

/** Start headless Chromium; close it when done. Without `options`, an interrupt closes it and ends the program at once. */
export function launchChromium(
  extraArguments: readonly string[] = [],
  options: Pick<LaunchOptions, 'handleSIGINT' | 'handleSIGTERM'> = {},
): Promise<Browser> {
  return chromium.launch({
    ...options,
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...extraArguments,
    ],
  })
}
