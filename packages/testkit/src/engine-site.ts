/**
 * A page of an app in an engine, as its own server sends it, read and clicked from here. A server of the test stands between them: it
 * puts one script of its own origin, which the page's policy allows, before the page's scripts.
 */
import { fileURLToPath } from 'node:url'
import { askForCalls, callsPath, engineCalls } from './engine-calls.ts'
import type { EngineDriver } from './engine-driver.ts'
import { bundleModule } from './page.ts'
import { type Page, serve } from './server.ts'
import { type BrowserName, startEngine } from './start-engine.ts'

/** A page that an engine shows. */
export interface EngineSite {
  /** As the engine tells it. */
  readonly version: string
  /** Of the first element that fits; null where there is none. */
  text(selector: string): Promise<string | null>
  /** The first element that fits and whose text is `text`, once it is there. */
  click(selector: string, text?: string): Promise<void>
  /** Uncaught errors, errors on the console, refused policies, files that did not load, and addresses that answer with an error. */
  problems(): Promise<readonly string[]>
  /** CSS pixels: of the window, and of what it would have to show to not scroll sideways. */
  size(): Promise<{ readonly width: number; readonly content: number }>
  /** The window as a PNG, or undefined where the engine draws none. */
  screenshot(): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

const driverPath = '/engine-driver.js'
/** What describes the bytes on the way, which the second server sends in its own form. */
const ofTheWay = new Set([
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
])

/**
 * The page `path` of the app that is served at `url`, in `engine`; close it when done.
 * @param callLimit Milliseconds that one call may take. Default 60,000.
 * @throws Error where the engine does not start.
 */
export async function openEngineSite(
  engine: BrowserName,
  url: string,
  path = '/',
  callLimit = 60_000,
): Promise<EngineSite> {
  const driver = await bundleModule({ entry: fileURLToPath(new URL('engine-driver.ts', import.meta.url)) })
  // Frames of the page get the driver too, and must not take its calls.
  const script = `${driver}\nif (self === top) ${askForCalls}(() => {})`
  const calls = engineCalls(engine, callLimit)
  const refused: string[] = []

  const forward = async (address: string): Promise<Page> => {
    const response = await fetch(url + address)
    if (!response.ok && !address.startsWith('/favicon')) refused.push(`${response.status}: ${address}`)
    const headers = Object.fromEntries([...response.headers].filter(([name]) => !ofTheWay.has(name)))
    const type = response.headers.get('content-type') ?? 'application/octet-stream'
    const bytes = new Uint8Array(await response.arrayBuffer())
    const body = type.startsWith('text/html') ? withDriver(new TextDecoder().decode(bytes)) : bytes
    return { status: response.status, type, body, headers }
  }
  const server = await serve((address, request) => {
    if (address === callsPath) return calls.next(request)
    if (address === driverPath) return { type: 'text/javascript', body: script }
    return forward(request.url ?? address)
  })
  const started = await startEngine(engine, server.url + path, calls.asked).catch(async (error) => {
    await server.close()
    throw error
  })
  const call = <Name extends keyof EngineDriver>(
    name: Name,
    ...args: Parameters<EngineDriver[Name]>
  ): Promise<Awaited<ReturnType<EngineDriver[Name]>>> =>
    Promise.race([calls.call<Awaited<ReturnType<EngineDriver[Name]>>>(name, ...args), started.lost])
  return {
    version: started.version,
    text: (selector) => call('textOf', selector),
    click: (selector, text) => call('clickOn', selector, text ?? null),
    problems: async () => [...refused, ...(await call('problemsSoFar'))],
    size: () => call('pageSize'),
    screenshot: started.screenshot,
    async close() {
      await started.close()
      await server.close()
    },
  }
}

function withDriver(html: string): string {
  return html.replace(
    /<head[^>]*>|<meta charset[^>]*>/,
    (tag) => `${tag}<script src="${driverPath}"></script>`,
  )
}
