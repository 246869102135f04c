import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bun, deno, lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const example = [
  path('readme-example.mjs'),
  path('../../../apps/demo/assets/images/2-trouser.png'),
  path('../../../apps/demo/assets/fashion-mnist.safetensors'),
]

/** What the example of the README prints: the built package and sharp, as their users have them. */
async function printed(program: string, ...flags: string[]): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'mobileone-runtime-'))
  const env = {
    ...process.env,
    DENO_DIR: home,
    DENO_NO_UPDATE_CHECK: '1',
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
  }
  try {
    return (await promisify(execFile)(program, [...flags, ...example], { env })).stdout
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const expected = /^Trouser: \d\d\.\d %\n(\S+.*: \d+\.\d %\n){2}$/

describe('the example of the README prints what it prints on Node', () => {
  it.skipIf(lacking('bun'))('on Bun', { timeout: 120_000 }, async () => {
    const there = await printed(bun)
    expect(there).toMatch(expected)
    expect(there).toBe(await printed(process.execPath))
  })

  it.skipIf(lacking('deno'))('on Deno', { timeout: 120_000 }, async () => {
    const there = await printed(deno, 'run', '--allow-all', '--no-lock')
    expect(there).toMatch(expected)
    expect(there).toBe(await printed(process.execPath))
  })
})
