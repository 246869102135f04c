import { readFileSync } from 'node:fs'
import { goldenPath, lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FoundBackend, openProjectWithBackends, softwareVulkan } from './installed-backends.ts'
import { openProject, type Project } from './program.ts'

const withoutWebgpu = lacking('webgpu')

/** What the project has installed, and what it has not. */
let full: Project
let bare: Project
beforeAll(async () => {
  full = await openProjectWithBackends()
  bare = await openProject()
})
afterAll(async () => {
  await full?.remove()
  await bare?.remove()
})

it.skipIf(lacking('golden', 'webgpu'))('webgpu names the goldfish', async () => {
  const photograph = goldenPath('imagenet-sample', 'n01443537_goldfish.JPEG')
  const [result] = await full.json<{ top: { label: string }[] }[]>(
    ['classify', photograph, '-w', goldenPath('mobileone_s0.pth.tar'), '-b', 'webgpu', '--verify'],
    softwareVulkan,
  )
  expect(result?.top[0]?.label).toBe('goldfish')
})

it('doctor with --verify runs each backend and compares it with the reference', async () => {
  const { backends } = await full.json<{ backends: FoundBackend[] }>(
    ['doctor', '--verify'],
    withoutWebgpu ? {} : softwareVulkan,
  )
  const wanted = backends.filter(
    ({ backend }) => backend !== 'coreml-apple' && (!withoutWebgpu || backend !== 'webgpu'),
  )
  expect(wanted.filter(({ ok }) => !ok)).toEqual([])
  for (const { features } of wanted) expect(features).toContain('matches the reference')
  const features = wanted.filter(({ backend }) => backend === 'ort').map((found) => found.features.join())
  expect(features).toEqual([
    expect.stringMatching(/^cpu,one thread for each core, as the library chooses/),
    expect.stringMatching(/^wasm,(1 thread|\d threads),/),
  ])
})

it('the libraries of the workspace of a checkout are found from any folder', async () => {
  const { libraryFolders } = (await import('../../../tooling/bootstrap.mjs' as string)) as {
    libraryFolders(): string
  }
  const where = { MOBILEONE_PACKAGES: libraryFolders() }
  for (const flags of [['tfjs', '--tfjs-backend', 'cpu'], ['ort'], ['ort', '--provider', 'wasm']]) {
    const outcome = await bare.run(
      ['classify', 'red.png', '-w', 'tiny.safetensors', '--backend', ...flags],
      where,
    )
    expect([outcome.code, outcome.stdout.split('\n')[0]]).toEqual([0, 'red.png'])
  }
  const run = readFileSync(new URL('../../../tooling/run.mjs', import.meta.url), 'utf8')
  expect(run).toContain('process.env.MOBILEONE_PACKAGES ??= libraryFolders()')
})
