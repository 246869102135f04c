import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { toSafetensors } from '@mobileone/checkpoint'
import { configFromWidths, initialize, type Model, mobileone } from '@mobileone/core'
import sharp from 'sharp'

const main = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const host = fileURLToPath(new URL('program-host.mjs', import.meta.url))
const workspace = dirname(dirname(dirname(main)))

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder with weights (`tiny.safetensors`) and a picture (`red.png`) in it, and the program run there. */
export interface Project {
  readonly folder: string
  /** Runs share a process, but for those given an environment, even an empty one. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>
  /** The document of `--json`. @throws Error unless the program succeeds. */
  json<T>(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<T>
  remove(): Promise<void>
}

/** A small train-form network with three classes. */
export const tiny: Model = {
  ...initialize(
    mobileone(
      configFromWidths({
        name: 'tiny',
        widths: [0.25, 0.25, 0.25, 0.25],
        blocks: [1, 1, 1, 1],
        branches: 2,
        classes: 3,
        inputSize: [64, 64],
      }),
      { form: 'train' },
    ),
    { seed: 5, statistics: 'random' },
  ),
  card: {
    labels: ['red', 'green', 'blue'],
    preprocess: {
      size: [64, 64],
      resize: 72,
      interpolation: 'bilinear',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    },
  },
}

/** The program in `folder`, run in one process that stays. */
export interface ProgramHost {
  run(args: readonly string[]): Promise<Outcome>
  close(): Promise<void>
}

const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_PATH: '',
  MOBILEONE_PACKAGES: '',
  MOBILEONE_CACHE: join(folder, 'cache'),
})

/** As {@link runProgram}, without the start of Node and its libraries for each run. A run that ends the process is told as such. */
export function startHost(folder: string): ProgramHost {
  let child: ChildProcess | undefined
  const start = (): ChildProcess => {
    const started = spawn(process.execPath, [host, pathToFileURL(main).href], {
      cwd: folder,
      env: environment(folder),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    started.stdout?.setEncoding('utf8')
    started.stderr?.setEncoding('utf8')
    started.once('close', () => (child = undefined))
    return started
  }
  const runOnce = (args: readonly string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      child ??= start()
      const { stdout: output, stderr: errors } = child
      let [stdout, stderr] = ['', '']
      const finish = (outcome: Outcome): void => {
        output?.off('data', onOutput)
        errors?.off('data', onErrors)
        child?.off('close', onClose)
        resolve(outcome)
      }
      const look = (): void => {
        const end = /\0(\d+)\n$/.exec(stdout)
        if (end === null || !stderr.endsWith('\0')) return
        finish({ code: Number(end[1]), stdout: stdout.slice(0, end.index), stderr: stderr.slice(0, -1) })
      }
      const onOutput = (text: string): void => {
        stdout += text
        look()
      }
      const onErrors = (text: string): void => {
        stderr += text
        look()
      }
      const onClose = (code: number | null): void => finish({ code, stdout, stderr })
      output?.on('data', onOutput)
      errors?.on('data', onErrors)
      child.on('close', onClose)
      child.send(args)
    })
  let last: Promise<unknown> = Promise.resolve()
  return {
    run(args) {
      const outcome = last.then(() => runOnce(args))
      last = outcome
      return outcome
    },
    async close() {
      await last
      if (child === undefined) return
      const closed = new Promise((resolve) => child?.once('close', resolve))
      child.kill('SIGKILL')
      await closed
    },
  }
}

/**
 * Run the program in `folder`, in a process of its own, with a cache of its own there. `onText` gets all of standard output so far as it grows, and
 * can interrupt the program. `input` is its standard input.
 */
export function runProgram(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onText?: (text: string, interrupt: () => void) => void,
  input?: Uint8Array,
): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...environment(folder), ...env },
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
    onText?.(stdout, () => child.kill('SIGINT'))
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

/** `packages`: what the project has installed, by the workspace package whose dependency it is. */
export async function openProject(
  packages: Readonly<Record<string, readonly string[]>> = {},
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-cli-'))
  for (const [owner, names] of Object.entries(packages)) {
    for (const name of names) {
      const link = join(folder, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(workspace, owner, 'node_modules', name), link, 'junction')
    }
  }
  writeFileSync(join(folder, 'tiny.safetensors'), toSafetensors(tiny))
  await sharp({ create: { width: 90, height: 80, channels: 3, background: { r: 255, g: 30, b: 0 } } })
    .png()
    .toFile(join(folder, 'red.png'))

  const program = startHost(folder)
  const run: Project['run'] = (args, env) =>
    env === undefined ? program.run(args) : runProgram(folder, args, env)
  return {
    folder,
    run,
    async json(args, env) {
      const outcome = await run([...args, '--json'], env)
      if (outcome.code !== 0) throw new Error(`exit code ${outcome.code}: ${outcome.stderr}`)
      return JSON.parse(outcome.stdout)
    },
    async remove() {
      await program.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
