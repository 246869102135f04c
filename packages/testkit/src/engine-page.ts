/**
 * A module in an engine, asked from here. Engines have no protocol in common but HTTP: the page asks its server what to call and sends
 * back what that gave. Not responsible for clicks and pictures: that takes a driver.
 */
import { callQueue } from './call-queue.ts'
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

/** A function of what imports the module: run that, then answer calls for ever. */
const ask = `(async (load) => {
  const post = async (path, value) => (await fetch(path, { method: 'POST', body: JSON.stringify(value) })).json()
  const failed = (error) => ({ error: String(error && error.stack && !error.stack.includes(error.message) ? error + '\\n' + error.stack : (error && error.stack) || error) })
  let answer
  try { await load() } catch (error) { answer = failed(error) }
  for (;;) {
    const { name, args } = await post('/calls', answer ?? {})
    try {
      if (typeof globalThis[name] !== 'function') throw new Error('the page has no function ' + name)
      answer = { value: await globalThis[name](...args) }
    } catch (error) { answer = failed(error) }
  }
})`

const html = `<!doctype html><title>test</title><script type="module">${ask}(() => import('/entry.mjs'))</script>`

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
  const queue = callQueue(engine, callLimit)
  const server = await serve((path, request) => {
    if (path === '/calls') return queue.next(request)
    if (path === '/') return { type: 'text/html', body: html }
    if (path === '/entry.mjs') return { type: 'text/javascript', body: script }
    if (path === '/ask.js') return { type: 'text/javascript', body: ask }
    return findInFolders(options.folders, path)
  })
  const started = await startEngine(engine, server.url).catch(async (error) => {
    await server.close()
    throw error
  })
  const lost = started.ended.then((reason): never => {
    throw new Error(`${engine} is gone: ${reason}`)
  })
  lost.catch(() => {})

  return {
    version: started.version,
    call: (name, ...args) => queue.call(lost, name, ...args),
    async close() {
      await started.close()
      await server.close()
    },
  }
}
