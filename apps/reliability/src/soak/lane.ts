/** Where a backend works, watched from outside. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { BrowserMemory, openModulePage, softwareGpu } from '@mobileone/testkit'
import { appFolder, builtProgram } from '../paths.ts'
import type { SoakPage } from './page.ts'
import type { Order, Outcome } from './work.ts'

/** Bytes after garbage was collected, and workers; undefined what cannot be told. */
export interface Memory {
  /** Of JavaScript: of the process, or of the page alone. */
  readonly heap: number | undefined
  /** Node: buffers, and memories of WebAssembly, outside of the heap. */
  readonly external: number | undefined
  /** Node: resident. Chromium: of all its processes, shared pages divided among them. */
  readonly process: number | undefined
  readonly workers: number | undefined
}

export type Answer =
  | { readonly outcome: Outcome; readonly memory: Memory; readonly error?: undefined }
  | { readonly error: string }

/** A backend at work. */
export interface Lane {
  /** @throws Error that tells what was wrong. */
  run(order: Order): Promise<{ readonly outcome: Outcome; readonly memory: Memory }>
  close(): Promise<void>
}

/** Start `backend` in a process of its own. @throws Error where it does not start, or computes wrongly. */
export async function nodeLane(backend: string): Promise<Lane> {
  const child = fork(builtProgram('soak-child'), [backend], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.on('data', (text: Buffer) => (said = `${said}${text}`.slice(-2000)))
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the process ended with ${signal ?? `code ${code}`}: ${said.trim()}`)
  })
  ended.catch(() => {})
  const answer = async (): Promise<Exclude<Answer, { readonly error: string }>> => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Answer]
    if (message.error !== undefined) throw new Error(message.error)
    return message
  }
  const close = async (): Promise<void> => {
    child.kill()
    await ended.catch(() => {})
  }
  try {
    await answer()
  } catch (error) {
    await close()
    throw error
  }
  return {
    run(order) {
      child.send(order)
      return answer()
    },
    close,
  }
}

/** Start `backend` in a page of headless Chromium; WebGPU on its software adapter. @throws Error as `nodeLane`. */
export async function chromiumLane(backend: string): Promise<Lane> {
  const modules = join(appFolder, 'node_modules')
  const { page, close } = await openModulePage({
    entry: join(appFolder, 'src/soak/page.ts'),
    folders: {
      '/ort/': join(modules, 'onnxruntime-web/dist'),
      '/tfjs/': join(modules, '@tensorflow/tfjs-backend-wasm/dist'),
    },
    chromiumArguments: [...softwareGpu, '--js-flags=--expose-gc'],
  })
  try {
    const browser = page.context().browser()
    if (!browser) throw new Error('the page has no browser')
    const watched = await BrowserMemory.of(browser, page)
    const look = async (): Promise<Memory> => {
      const { heapBytes, processBytes, workers } = await watched.look()
      return { heap: heapBytes, external: undefined, process: processBytes, workers }
    }
    type Global = { readonly soak: SoakPage }
    await page.waitForFunction(() => 'soak' in globalThis)
    await page.evaluate((name) => (globalThis as unknown as Global).soak.open(name), backend)
    return {
      async run(order) {
        const outcome =
          order.count > 0
            ? await page.evaluate((given) => (globalThis as unknown as Global).soak.run(given), order)
            : { aborted: 0 }
        return { outcome, memory: await look() }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The version of the Chromium of this machine. */
export async function chromiumVersion(): Promise<string> {
  const { launchChromium } = await import('@mobileone/testkit')
  const browser = await launchChromium()
  const version = browser.version()
  await browser.close()
  return version
}
