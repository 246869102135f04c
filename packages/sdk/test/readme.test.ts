import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ship } from './export-example.ts'
import { tell } from './readme-example.ts'

const example = readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8')
const assets = new URL('../../../apps/demo/assets/', import.meta.url)

describe('the example of the README', () => {
  it.each(['../../../README.md', '../README.md'])('stands in %s as it is run here', (path) => {
    expect(readFileSync(new URL(path, import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``)
  })

  it('tells what is in a picture', async () => {
    const weights = new URL('fashion-mnist.safetensors', assets)
    expect(await tell(weights, new URL('images/2-trouser.png', assets))).toMatch(/^Trouser: \d\d\.\d %$/)
  })
})

describe('the example of exporting', () => {
  it('stands in the README as it is run here', () => {
    const text = readFileSync(new URL('./export-example.ts', import.meta.url), 'utf8')
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(
      `\`\`\`ts\n${text}\`\`\``,
    )
  })

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
