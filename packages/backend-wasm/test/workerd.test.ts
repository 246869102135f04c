import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorker, lacking, serveWorker } from '@mobileone/testkit'
import { describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./workerd-program.ts', import.meta.url))

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
    await bundleWorker(program, folder, conditions)
    const files = readdirSync(folder).sort()
    const worker = await serveWorker(folder, files)
    try {
      const response = await fetch(worker.url)
      const text = await response.text()
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text}${worker.log()}`)
      return { files, answer: JSON.parse(text) as Answer }
    } finally {
      await worker.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
