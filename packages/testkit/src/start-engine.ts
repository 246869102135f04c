/** Starts the engines that tests run in besides Chromium and this Node. Each opens the page at an address by itself: no driver is needed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { arm64Node, arm64Root, currentNodePath, firefoxPath, qemuArm64, webkitPath } from './requirements.ts'

export type BrowserName = 'firefox' | 'webkit'

/** `current-node` and `arm64-node` are no browsers: they load the same module and are asked in the same way. */
export type EngineName = BrowserName | 'current-node' | 'arm64-node'

/** A program of an engine that has the page open. */
export interface StartedEngine {
  /** As the engine tells it, such as `Mozilla Firefox 153.7.0esr`. */
  readonly version: string
  /** Rejects with the reason when the program ends by itself. */
  readonly lost: Promise<never>
  /** What the program shows, as a PNG; undefined where it draws nothing. */
  screenshot(): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/** Milliseconds within which a page has to ask what to call; emulated engines begin slowly. */
const askLimit = 120_000

/**
 * Open the page `url` in `engine`, in a profile of its own, and wait until it has asked what to call. An engine whose page does not is started
 * once more: WebKitGTK's browser was seen to wait for a web process that never began.
 * @throws Error where the engine does not start, or its page does not ask, twice.
 */
export async function startEngine(
  engine: EngineName,
  url: string,
  asked: Promise<void>,
): Promise<StartedEngine> {
  for (let tries = 0; tries < 2; tries++) {
    const started = await spawnEngine(engine, url)
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(() => resolve(true), askLimit)
    })
    const isLate = await Promise.race([asked, started.lost, late])
      .catch(async (error) => {
        await started.close()
        throw error
      })
      .finally(() => clearTimeout(timer))
    if (!isLate) return started
    await started.close()
    process.stderr.write(`${engine} did not ask what to call within ${askLimit / 1000} s\n`)
  }
  throw new Error(`${engine} did not ask what to call, twice`)
}

async function spawnEngine(engine: EngineName, url: string): Promise<StartedEngine> {
  const folder = mkdtempSync(join(tmpdir(), `mobileone-${engine}-`))
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  try {
    switch (engine) {
      case 'firefox':
        writeFileSync(join(folder, 'user.js'), firefoxPreferences)
        return watch(
          version(firefoxPath),
          spawnQuietly(firefoxPath, ['--headless', '--no-remote', '--profile', folder, url], {
            HOME: folder,
          }),
          remove,
        )
      case 'webkit':
        return await startWebkit(url, folder, remove)
      case 'current-node':
        return startNode(currentNodePath() as string, [], url, folder, remove)
      case 'arm64-node':
        return startNode(qemuArm64, arm64Arguments, url, folder, remove)
      default:
        return engine satisfies never
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** The emulator keeps a table of every page reserved: with V8's guard regions behind each memory it grows to gigabytes. */
const arm64Arguments = ['-L', arm64Root, arm64Node ?? '', '--disable-wasm-trap-handler']

/** No first-run pages, and nothing fetched from elsewhere. */
const firefoxPreferences = Object.entries({
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.max_script_run_time': 0,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('')

async function startWebkit(url: string, folder: string, remove: () => void): Promise<StartedEngine> {
  const display = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-fbdir', folder],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const number = await new Promise<string>((resolve, reject) => {
    display.once('error', reject)
    display.once('exit', () => reject(new Error('Xvfb ended')))
    display.stdio[3]?.once('data', (text) => resolve(String(text).trim()))
  })
  const browser = spawnQuietly(webkitPath, ['--private', url], {
    HOME: folder,
    DISPLAY: `:${number}`,
    GDK_BACKEND: 'x11',
    LIBGL_ALWAYS_SOFTWARE: '1',
    WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  })
  return watch(
    version(webkitPath),
    browser,
    () => {
      display.kill()
      remove()
    },
    () => pictureOfDisplay(join(folder, 'Xvfb_screen0')),
  )
}

/**
 * The frame buffer that Xvfb keeps as an X window dump: a header of big-endian 32-bit words, 12 bytes for each entry of the colour
 * map, then rows of pixels, blue first (XWDFile.h of X.Org).
 */
async function pictureOfDisplay(file: string): Promise<Uint8Array> {
  const bytes = readFileSync(file)
  const word = (index: number): number => bytes.readUInt32BE(4 * index)
  const [width, height, bitsPerPixel, bytesPerLine] = [word(4), word(5), word(11), word(12)]
  if (word(1) !== 7 || bitsPerPixel !== 32 || bytesPerLine !== 4 * width)
    throw new Error(`${file} is no window dump with 32 bits a pixel`)
  const pixels = bytes.subarray(word(0) + 12 * word(19))
  const rgb = Buffer.alloc(3 * width * height)
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = pixels[4 * pixel + 2 - channel] as number
    }
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

/** What a page does, in Node: the module is fetched and run, and addresses are taken from the server. */
const nodeProgram = `
import { writeFileSync } from 'node:fs'
const [base, file] = process.argv.slice(2)
const { fetch } = globalThis
globalThis.fetch = (address, options) => fetch(new URL(address, base), options)
writeFileSync(file, await (await globalThis.fetch('/entry.mjs')).text())
const source = await (await globalThis.fetch('/ask.js')).text()
await (0, eval)(source)(() => import('file://' + file))
`

function startNode(
  program: string,
  before: readonly string[],
  url: string,
  folder: string,
  remove: () => void,
): StartedEngine {
  const file = join(folder, 'ask.mjs')
  writeFileSync(file, nodeProgram)
  const args = [...before, file, url, join(folder, 'entry.mjs')]
  const told = spawnSync(program, [...before, '--version'], { encoding: 'utf8' }).stdout ?? ''
  return watch(`Node ${told.trim()}`, spawnQuietly(program, args), remove)
}

function version(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return (stdout ?? '').trim().split('\n')[0] ?? ''
}

function spawnQuietly(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
}

/** @param clean What is to be done when the program has ended. */
function watch(
  version: string,
  child: ChildProcess,
  clean: () => void,
  screenshot: StartedEngine['screenshot'] = async () => undefined,
): StartedEngine {
  let log = ''
  child.stderr?.on('data', (part) => {
    log = (log + part).slice(-2000)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`it ended with ${code ?? signal}: ${log}`))
  })
  const lost = ended.then((reason) => {
    throw new Error(`${version} is gone: ${reason}`)
  })
  lost.catch(() => {})
  return {
    version,
    lost,
    screenshot,
    async close() {
      child.kill()
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(late)
      clean()
    },
  }
}
