import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'
import type { DownloadReport } from '../src/downloads/report.ts'

/** `npm run test:slow` builds it first. */
const program = fileURLToPath(new URL('../dist/downloads.mjs', import.meta.url))

it.skipIf(lacking('chromium', 'webgpu'))(
  'counts what pages fetch that see the same',
  async () => {
    const only = '--only=sdk,backend-wasm,tfjs-wasm'
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--json', only])
    const { pages, skipped } = JSON.parse(stdout) as DownloadReport
    expect(skipped).toEqual([])
    expect(pages.map(({ page }) => page)).toEqual(['sdk', 'backend-wasm', 'tfjs-wasm'])
    const total = pages.map(({ files }) => files.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0))
    expect(total[0]).toBeLessThan(98_000)
    expect(total[1]).toBeLessThan(total[0] ?? 0)
    const [, , tfjs] = pages
    expect(tfjs?.files.map(({ name }) => name.split('/').at(-1))).toEqual([
      'page.js',
      'tfjs-backend-wasm-simd.wasm',
    ])
    for (const { files } of pages) {
      for (const { name, bytes, gzipBytes, brotliBytes } of files) {
        expect(name).not.toMatch(/models|html/)
        expect([gzipBytes < bytes, brotliBytes > 0]).toEqual([true, true])
      }
    }
  },
  120_000,
)
