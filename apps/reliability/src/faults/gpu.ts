/** GPU devices that are lost: Chromium on its software adapter. */
import { lacking } from '@mobileone/testkit'
import type { Page } from 'playwright-core'
import { type Fault, must } from './fault.ts'
import { inPage } from './in-page.ts'

const lack = (): string | undefined =>
  lacking('chromium') ? 'there is no Chromium; set CHROMIUM_PATH' : undefined

/** End the GPU process of the browser once the page runs on it. */
async function killGpuProcess(page: Page): Promise<void> {
  await page.waitForFunction(() => 'isRunning' in globalThis, undefined, { timeout: 120_000 })
  const session = await page.context().browser()?.newBrowserCDPSession()
  const { processInfo } = (await session?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  const gpu = processInfo.find(({ type }) => /gpu/i.test(type))
  must(gpu !== undefined, `there is no GPU process among ${processInfo.map(({ type }) => type)}`)
  process.kill(gpu.id, 'SIGKILL')
}

export const gpuFaults: readonly Fault[] = [
  {
    area: 'gpu',
    name: 'given-device-destroyed',
    injected: '`device.destroy()` on the device that the caller gave, while a run is under way',
    holds: 'runs end with `device-lost`, none hangs, and `dispose` works',
    lack,
    run: () => inPage('destroyGivenDevice'),
  },
  {
    area: 'gpu',
    name: 'own-device-destroyed',
    injected: '`device.destroy()` on the device of the backend, while a run is under way, three times',
    holds: 'the run ends with `device-lost`; the next one compiles on a new device and gives the same bits',
    isQuick: true,
    lack,
    run: () => inPage('destroyOwnDevice'),
  },
  {
    area: 'gpu',
    name: 'destroyed-while-compiling',
    injected: 'the device is destroyed some milliseconds after it was made, while pipelines are built',
    holds: 'compilation ends well or with `device-lost` or `unavailable`; the next one works',
    lack,
    run: () => inPage('destroyWhileCompiling'),
  },
  {
    area: 'gpu',
    name: 'gpu-process-killed',
    injected: 'the GPU process of Chromium is killed (SIGKILL) while runs are under way',
    holds:
      'the run ends with `device-lost`; once the browser has a GPU process again, runs give the same bits',
    lack,
    run: () => inPage('loseGpuProcess', killGpuProcess),
  },
]
