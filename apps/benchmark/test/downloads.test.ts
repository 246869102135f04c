import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { random } from '@mobileone/core'
import { afterAll, expect, it } from 'vitest'
import { type FileSize, fileSize } from '../src/downloads/file-sizes.ts'
import { packageFacts } from '../src/downloads/package-facts.ts'
import {
  type DownloadReport,
  downloadsMarkdown,
  downloadsText,
  packagesMarkdown,
} from '../src/downloads/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-sizes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('counts a file as it is, with gzip and with brotli', async () => {
  const path = join(folder, 'page.js')
  const source = random(4)
  const bytes = Uint8Array.from({ length: 20_000 }, () => 30 * source.next())
  writeFileSync(path, bytes)
  expect(await fileSize('page.js', path)).toEqual({
    name: 'page.js',
    bytes: 20_000,
    gzipBytes: gzipSync(bytes, { level: 9 }).length,
    brotliBytes: brotliCompressSync(bytes).length,
  })
})

it('finds what is installed with a package', () => {
  expect(packageFacts('@mobileone/backend-wasm').dependencies).toEqual(['@mobileone/core'])
  const { version, licence, dependencies } = packageFacts('onnxruntime-web')
  expect([version, licence]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/), 'MIT'])
  expect(dependencies).toContain('onnxruntime-common')
  expect(dependencies).not.toContain('onnxruntime-web')
})

const sized = (name: string, bytes: number): FileSize => ({
  name,
  bytes,
  gzipBytes: bytes / 2,
  brotliBytes: bytes / 4,
})
const report: DownloadReport = {
  date: '2026-11-27T12:00:00.000Z',
  versions: { chromium: '156.0', vite: '8.3.8', '@mobileone/sdk': '1.0.0' },
  pages: [
    {
      page: 'sdk',
      title: 'MobileOne',
      does: 'picture to label',
      files: [sized('page.js', 80_000), sized('a.js', 20_000)],
    },
    {
      page: 'other',
      title: 'Another',
      does: 'tensor to scores',
      files: [sized('page.js', 60_000), sized('a.wasm', 1_340_000)],
    },
  ],
  skipped: [{ page: 'third', reason: 'it sees class 1, the others 2' }],
  packages: [
    { name: '@mobileone/sdk', version: '1.0.0', licence: 'MIT', dependencies: ['@mobileone/core', 'fflate'] },
    { name: 'other', version: '2.0.0', licence: 'Apache-2.0', dependencies: ['a', 'b'] },
  ],
}

it('adds up the files of a page, wasm apart', () => {
  const text = downloadsMarkdown(report)
  expect(text).toContain('Counted on 2026-11-27 in chromium 156.0, built by vite 8.3.8.')
  expect(text).toContain(
    '| **MobileOne** | **picture to label** | **2** | **100.0 kB** |  | **50.0 kB** | **25.0 kB** |',
  )
  expect(text).toContain('| Another | tensor to scores | 2 | 60.0 kB | 1,340.0 kB | 700.0 kB | 350.0 kB |')
  expect(text).toContain('- Not counted: third: it sees class 1, the others 2')
  expect(downloadsText(report)).toMatch(/Another +tensor to scores +2 +60.0 kB +1,340.0 kB/)
})

it('tells whose packages come with a package', () => {
  const text = packagesMarkdown(report)
  expect(text).toContain('| **@mobileone/sdk** | **1.0.0** | **MIT** | **2** | **1** |')
  expect(text).toContain('| other | 2.0.0 | Apache-2.0 | 2 | 2 |')
})
