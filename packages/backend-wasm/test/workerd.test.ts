import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacking, workerdPath } from '@mobileone/testkit'
import { build } from 'vite'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./workerd-program.ts', import.meta.url))
const dist = fileURLToPath(new URL('../dist', import.meta.url))

describe.skipIf(lacking('workerd'))("the built package in Cloudflare's runtime", () => {
  test('takes its kernels as modules, chosen by the condition workerd', { timeout: 60_000 }, async () => {
    const { files, answer } = await runProgram(['workerd', 'worker', 'browser'])
    expect(files.filter((name) => name.endsWith('.wasm'))).toEqual(['plain.wasm', 'relaxed.wasm'])
    expect(answer.message).toBeUndefined()
    expect(answer.probe).toMatchObject({ ok: true })
    expect(answer.distance).toBeLessThan(2e-5)
  })

  test('says what to do where the condition was not set', { timeout: 60_000 }, async () => {
    const { files, answer } = await runProgram(['worker', 'browser'])
    expect(files.filter((name) => name.endsWith('.wasm'))).toEqual([])
    expect(answer.code).toBe('unavailable')
    expect(answer.message).toMatch(/condition "workerd"/)
  })
})

interface Answer {
  readonly probe?: unknown
  readonly distance?: number
  readonly code?: string
  readonly message?: string
}

/** Bundles the program as a bundler for workers does, serves it with workerd and asks it once. */
async function runProgram(conditions: string[]): Promise<{ files: string[]; answer: Answer }> {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-workerd-'))
  try {
    await bundle(folder, conditions)
    const files = readdirSync(folder).sort()
    const modules = files.map((name) =>
      name.endsWith('.wasm')
        ? `(name = "${name}", wasm = embed "${name}")`
        : `(name = "${name}", esModule = embed "${name}")`,
    )
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (modules = [${modules.join(', ')}], compatibilityDate = "2026-07-01");
`,
    )
    return { files, answer: await ask(folder) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bundle(folder: string, conditions: string[]): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions },
    plugins: [
      {
        name: 'wasm-modules',
        enforce: 'pre',
        resolveId(id) {
          const name = /^\.\/(\w+\.wasm)$/.exec(id)?.[1]
          if (name === undefined) return undefined
          copyFileSync(join(dist, name), join(folder, name))
          return { id, external: true }
        },
      },
    ],
    build: {
      outDir: folder,
      emptyOutDir: false,
      lib: { entry: program, formats: ['es'], fileName: () => 'main.js' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })
}

async function ask(folder: string): Promise<Answer> {
  const child = spawn(workerdPath()!, ['serve', '--control-fd=1', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let log = ''
  child.stderr.on('data', (part) => {
    log += part
  })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout.on('data', (part) => {
        const found = /"port":\s*(\d+)/.exec(String(part))
        if (found) resolve(Number(found[1]))
      })
      child.once('error', reject)
      child.once('close', (code) => reject(new Error(`workerd ended with ${code}: ${log}`)))
    })
    const response = await fetch(`http://127.0.0.1:${port}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text}${log}`)
    return JSON.parse(text) as Answer
  } finally {
    child.kill()
    await closed
  }
}
