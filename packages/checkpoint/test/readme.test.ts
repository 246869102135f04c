import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { inspectCheckpoint, readCheckpoint } from '../src/index.ts'
import { fold } from './readme-example.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

it('the example of the README is the one tested here, and does what it says', async () => {
  const readme = await readFile(here('../README.md'), 'utf8')
  expect(readme).toContain(await readFile(here('readme-example.ts'), 'utf8'))

  const folder = await mkdtemp(join(tmpdir(), 'mobileone-'))
  try {
    const to = join(folder, 'folded.safetensors')
    expect(await fold(here('data/torch-legacy.pth'), to)).toMatch(/^pytorch-legacy: \d+ tensors in, 20 out$/)
    const written = readCheckpoint(await readFile(to))
    expect(inspectCheckpoint(written)).toMatchObject({ naming: 'timm', form: 'deploy' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
