import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bun, deno, lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const example = [
  path('readme-example.mjs'),
  path('../../../apps/demo/assets/images/2-trouser.png'),
  path('../../../apps/demo/assets/fashion-mnist.safetensors'),
]
const runtimes = [
  { name: 'bun', program: bun, flags: [] },
  { name: 'deno', program: deno, flags: ['run', '--allow-all', '--no-lock'] },
] as const

/** The built package and sharp, as their users have them. */
for (const runtime of runtimes) {
  describe.skipIf(lacking(runtime.name))(`the example of the README on ${runtime.name}`, () => {
    let home: string
    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), `mobileone-${runtime.name}-`))
    })
    afterAll(() => rmSync(home, { recursive: true, force: true }))

    it('prints what it prints on Node', { timeout: 120_000 }, async () => {
      const run = async (program: string, flags: readonly string[]): Promise<string> => {
        const env = {
          ...process.env,
          DENO_DIR: home,
          DENO_NO_UPDATE_CHECK: '1',
          BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
        }
        return (await promisify(execFile)(program, [...flags, ...example], { env })).stdout
      }
      const [there, here] = [await run(runtime.program, runtime.flags), await run(process.execPath, [])]
      expect(here).toMatch(/^Trouser: \d\d\.\d %\n(\S+.*: \d+\.\d %\n){2}$/)
      expect(there).toBe(here)
    })
  })
}
