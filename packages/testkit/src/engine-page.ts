/**
 * A module in an engine, asked from here. Engines have no protocol in common but HTTP: the page asks its server what to call and sends
 * back what that gave. Not responsible for clicks and pictures: `engine-site.ts` opens pages of apps.
 */
import { askForCalls, callsPath, engineCalls } from './engine-calls.ts'
import { bundleModule, findInFolders, type ModulePageOptions } from './page.ts'
import { serve } from './server.ts'
import { type EngineName, startEngine } from './start-engine.ts'

/** A module that runs in an engine. */
export interface EnginePage {
  /** As the engine tells it. */
  readonly version: string
  /** Call `globalThis[name]` there, one call after the other; arguments and result are JSON. */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>
  close(): Promise<void>
}

const html = `<!doctype html><title>test</title><script type="module">${askForCalls}(() => import('/entry.mjs'))</script>`

/**
 * A cross-origin isolated page in `engine` that has run the module `entry`; close it when done.
 * @param callLimit Milliseconds that a call may take. Default 120,000.
 * @throws Error where the engine does not start, or the module fails.
 */
export async function openEnginePage(
  engine: EngineName,
  options: Pick<ModulePageOptions, 'entry' | 'folders' | 'bundler'>,
  callLimit = 120_000,
): Promise<EnginePage> {
  const script = await bundleModule(options)
  const calls = engineCalls(engine, callLimit)
  const server = await serve((path, request) => {
    if (path === callsPath) return calls.next(request)
    if (path === '/') return { type: 'text/html', body: html }
    if (path === '/entry.mjs') return { type: 'text/javascript', body: script }
    if (path === '/ask.js') return { type: 'text/javascript', body: askForCalls }
    return findInFolders(options.folders, path)
  })
  const started = await startEngine(engine, server.url, calls.asked).catch(async (error) => {
    await server.close()
    throw error
  })
  return {
    version: started.version,
    call: (name, ...args) => Promise.race([calls.call<never>(name, ...args), started.lost]),
    async close() {
      await started.close()
      await server.close()
    },
  }
}
