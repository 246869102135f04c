import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import { chromiumPath } from './requirements.ts'

/** Arguments for WebGPU without a GPU: Chromium's software adapter. */
export const softwareGpu: readonly string[] = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

/**
 * Switched off for what they cost: Chromium loads two pages of its own for the address bar of every window, which is three quarters of the
 * processor's time that a new context takes. It heeds the last list alone, so this one begins with what Playwright 1.65 switches off.
 */
const unwanted = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
]

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
      `--disable-features=${unwanted}`,
      ...extraArguments,
    ],
  })
}
