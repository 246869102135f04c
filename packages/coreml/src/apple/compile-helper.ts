import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { access, chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MobileOneError, throwIfAborted } from '@mobileone/core'
import { swift as helperSource } from '../generated/core-ml-helper.ts'

/** A machine, as far as the runner needs to know it. */
export interface AppleSystem {
  readonly platform: string
  readonly arch: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The ways to call Swift's compiler, in order: Xcode's chosen one with the SDK of macOS, or the one on the PATH. */
const compilers = [['xcrun', '--sdk', 'macosx', 'swiftc'], ['swiftc']] as const
const options = ['-O', '-swift-version', '5'] as const

/** Where compiled helpers are kept, unless told otherwise. */
export function defaultCache(): string {
  return join(homedir(), 'Library', 'Caches', 'mobileone')
}

/** The file of the compiled helper: another source, compiler options or processor is another file. */
export function helperPath(cache: string, system: AppleSystem): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([helperSource, options, system.arch]))
    .digest('hex')
  return join(cache, `core-ml-helper-${hash.slice(0, 16)}`)
}

/** Why no helper can be had on this machine, undefined where one can. Compiles nothing. */
export async function refusalOf(cache: string, system: AppleSystem): Promise<string | undefined> {
  if (system.platform !== 'darwin') return `Core ML runs on macOS, and this is ${system.platform}`
  if (await isThere(helperPath(cache, system))) return undefined
  return (await findCompiler(system)) === undefined
    ? "Core ML is run by a small helper that Swift's compiler makes, and there is none; install it with `xcode-select --install`"
    : undefined
}

/**
 * The compiled helper, made on first use. It appears in the cache whole, so that several processes may make it at once.
 * @throws MobileOneError `unavailable` where there is no compiler, or with what it said.
 */
export async function ensureHelper(
  cache: string,
  system: AppleSystem,
  signal?: AbortSignal,
): Promise<string> {
  const path = helperPath(cache, system)
  if (await isThere(path)) return path
  const reason = await refusalOf(cache, system)
  const [command, ...args] = (await findCompiler(system)) ?? []
  if (reason !== undefined || command === undefined)
    throw new MobileOneError('unavailable', reason ?? 'there is no Swift compiler')
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const scratch = join(cache, `.${randomUUID()}`)
  await mkdir(scratch, { mode: 0o700 })
  try {
    const source = join(scratch, 'main.swift')
    const made = join(scratch, 'helper')
    await writeFile(source, helperSource)
    const { status, output } = await call(command, [...args, ...options, source, '-o', made], system, signal)
    throwIfAborted(signal, 'compiling the Core ML helper')
    if (status !== 0 || !(await isThere(made))) {
      throw new MobileOneError(
        'unavailable',
        `the Core ML helper could not be compiled (${command}, exit code ${status}): ${output.trim() || 'no output'}`,
      )
    }
    await chmod(made, 0o755)
    await rename(made, path)
    return path
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function findCompiler(system: AppleSystem): Promise<readonly string[] | undefined> {
  for (const [command, ...args] of compilers) {
    const { status } = await call(command, [...args, '--version'], system)
    if (status === 0) return [command, ...args]
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

/** Run a command to its end; `status` is undefined where it did not start or was ended by a signal. */
async function call(
  command: string,
  args: readonly string[],
  { env }: AppleSystem,
  signal?: AbortSignal,
): Promise<{ readonly status: number | undefined; readonly output: string }> {
  return await new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, ...(signal && { signal }) })
    const keep = (piece: Uint8Array): void => {
      output = (output + new TextDecoder().decode(piece)).slice(-4000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ status: undefined, output: error.message }))
    child.on('close', (code) => resolve({ status: code ?? undefined, output }))
  })
}
