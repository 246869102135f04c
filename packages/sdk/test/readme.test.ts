import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath, lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { drawings } from './drawings.ts'
import { ship } from './export-example.ts'
import { recognize, teach } from './head-example.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)

describe('the example of the README', () => {
  it('prints what is in a picture', () => {
    const [script, picture, weights] = [
      new URL('readme-example.mjs', import.meta.url),
      new URL('images/2-trouser.png', assets),
      new URL('fashion-mnist.safetensors', assets),
    ].map((url) => fileURLToPath(url))
    const printed = execFileSync(process.execPath, [script!, picture!, weights!], { encoding: 'utf8' })
    expect(printed).toMatch(/^Trouser: \d\d\.\d %\n(\S+.*: \d+\.\d %\n){2}$/)
  })

  it.skipIf(lacking('golden'))('prints what the README shows, of a photograph of a cat', () => {
    const printed = execFileSync(
      process.execPath,
      [
        fileURLToPath(new URL('readme-example.mjs', import.meta.url)),
        goldenPath('imagenet-sample', 'n02123045_tabby.JPEG'),
        goldenPath('mobileone_s0_unfused.pth.tar'),
      ],
      { encoding: 'utf8' },
    )
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(
      `\`\`\`\n${printed}\`\`\``,
    )
  })
})

describe('the example of exporting', () => {
  it('writes what it says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-ship-'))
    try {
      await ship(new URL('fashion-mnist.safetensors', assets), folder)
      const names = readdirSync(folder)
      expect(names).toEqual(expect.arrayContaining(['Clothes.mlpackage', 'Clothes.swift']))
      expect(names.filter((name) => name.endsWith('.onnx'))).toHaveLength(1)
      expect(readdirSync(join(folder, 'Clothes.mlpackage'))).toContain('Manifest.json')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the example of heads', () => {
  it('learns and tells apart', async () => {
    const model = new URL('fashion-mnist.safetensors', assets)
    const learned = await teach(model, { disc: drawings('disc', 0, 5), bars: drawings('bars', 0, 5) })
    const found = await recognize(model, learned, drawings('bars', 100, 10))
    expect(found.filter(([best]) => best?.label === 'bars').length).toBeGreaterThanOrEqual(8)
  })
})
