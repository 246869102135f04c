/** Installs, builds and runs an example in a folder of its own, outside of this workspace, as its users do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { currentNodePath } from '@mobileone/testkit'

const examples = fileURLToPath(new URL('..', import.meta.url))
const windows = process.platform === 'win32'

/** A folder of its own, such as a copy of an example that has its dependencies installed. */
export interface Example {
  readonly folder: string
  /** Run a command there and give what it prints on standard output. */
  run(command: string, args: readonly string[], env?: Env): Promise<string>
  /** Start a command that serves at the port in PORT, and wait until it answers. */
  serve(command: string, args: readonly string[], env?: Env): Promise<Served>
  remove(): Promise<void>
}

export interface Served {
  /** Without a slash at the end. */
  readonly url: string
  /** What it has printed so far. */
  log(): string
  close(): Promise<void>
}

type Env = Readonly<Record<string, string>>

/**
 * Copy `examples/<name>` and install it from the registry at MOBILEONE_REGISTRY; remove it when done. `currentNode` is for
 * what does not run on the oldest Node that this project does: tests that give it ask for `lacking('current-node')`.
 * @throws Error with what npm printed where it fails.
 */
export async function installExample(
  name: string,
  { currentNode = false }: { readonly currentNode?: boolean } = {},
): Promise<Example> {
  const node = currentNode ? dirname(currentNodePath() as string) : undefined
  const common: Env = node ? { PATH: `${node}${delimiter}${process.env.PATH}` } : {}
  const example = await emptyFolder(name, common)
  const { folder, run, remove } = example
  try {
    await cp(join(examples, name), folder, {
      recursive: true,
      filter: (path) => !generated.has(basename(path)),
    })
    await leaveWorkspace(join(folder, 'package.json'))
    await writeFile(join(folder, '.npmrc'), `@mobileone:registry=${process.env.MOBILEONE_REGISTRY}\n`)
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'])
    return example
  } catch (error) {
    await remove()
    throw error
  }
}

interface Manifest {
  readonly dependencies?: Env
  readonly devDependencies?: Env
}

/** Write into the manifest of a member of this workspace what the README of the examples says of a copy. */
async function leaveWorkspace(path: string): Promise<void> {
  const manifest: Manifest = JSON.parse(await readFile(path, 'utf8'))
  const { dependencies = {}, devDependencies = {} } = manifest
  const isMember = (version: string): boolean => version.startsWith('workspace:')
  const installed = Object.entries(dependencies).map(([name, version]) => [
    name,
    isMember(version) ? currentVersion : version,
  ])
  const ofOthers = Object.entries(devDependencies).filter(([, version]) => !isMember(version))
  const copied: Manifest = {
    ...manifest,
    dependencies: Object.fromEntries(installed),
    devDependencies: Object.fromEntries(ofOthers),
  }
  await writeFile(path, JSON.stringify(copied, undefined, 2))
}

const currentVersion = (
  JSON.parse(await readFile(join(examples, '../packages/sdk/package.json'), 'utf8')) as { version: string }
).version

/** A new folder that has `name` in its own; its commands see `common`. Remove it when done. */
export async function emptyFolder(name: string, common: Env = {}): Promise<Example> {
  return within(await mkdtemp(join(await realpath(tmpdir()), `mobileone-${name}-`)), common)
}

/** `folder`, which is there. */
export function within(folder: string, common: Env = {}): Example {
  return {
    folder,
    run: (command, args, env) =>
      output(start(folder, command, args, { ...common, ...env }), [command, ...args]),
    serve: (command, args, env) => serve(folder, command, args, { ...common, ...env }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** What commands of an example leave in its folder. */
const generated = new Set([
  'node_modules',
  'dist',
  'build',
  '.next',
  '.nuxt',
  '.output',
  '.svelte-kit',
  '.parcel-cache',
])

/** What the test runner tells its own modules: a build would take it for its own mode. */
const ofTheRunner = /^(NODE_ENV|VITEST|VITEST_.*|TEST|DEV|PROD|MODE|SSR|BASE_URL)$/

function start(folder: string, command: string, args: readonly string[], env: Env = {}): ChildProcess {
  const inherited = Object.entries(process.env).filter(([key]) => !ofTheRunner.test(key))
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      ASTRO_TELEMETRY_DISABLED: '1',
      NEXT_TELEMETRY_DISABLED: '1',
      NUXT_TELEMETRY_DISABLED: '1',
      // Its installer would download libraries for GPUs.
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: windows,
    // A group of its own, which ends as a whole: npm does not pass every signal on.
    detached: !windows,
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** What a test that ran out of time leaves behind ends with the test runner. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) end(child)
})

async function output(child: ChildProcess, words: readonly string[]): Promise<string> {
  let [out, all] = ['', '']
  child.stdout?.on('data', (part) => {
    out += part
    all += part
  })
  child.stderr?.on('data', (part) => {
    all += part
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${all}`)
  return out
}

async function serve(
  folder: string,
  command: string,
  args: readonly string[],
  env: Env = {},
): Promise<Served> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = start(folder, command, args, { ...env, PORT: String(port), HOST: '127.0.0.1' })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part) => {
      log += part
    })
  }
  const closed = once(child, 'close')
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) end(child)
    await closed
  }
  const deadline = Date.now() + 120_000
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`${command} ${args.join(' ')} ended with ${child.exitCode}:\n${log}`)
    const answered = await fetch(url).then(
      () => true,
      () => false,
    )
    if (answered) return { url, log: () => log, close }
    if (Date.now() > deadline) {
      await close()
      throw new Error(`${command} ${args.join(' ')} does not answer at ${url}:\n${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function end(child: ChildProcess): void {
  if (windows) child.kill()
  else if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
