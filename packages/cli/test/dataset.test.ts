import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'

// Permissions do not hold for root, as whom tests may run.
vi.mock('node:fs/promises', async (original) => {
  const { readdir, stat, ...others } = await original<typeof import('node:fs/promises')>()
  return { ...others, readdir: vi.fn(readdir), stat: vi.fn(stat) }
})

let findPictures: typeof import('../src/dataset.ts').findPictures
// Modules that another test file has loaded have the real functions.
beforeAll(async () => {
  vi.resetModules()
  ;({ findPictures } = await import('../src/dataset.ts'))
})
afterAll(() => void vi.resetModules())

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-dataset-'))
  mkdirSync(join(folder, 'closed'))
  writeFileSync(join(folder, 'a.png'), '')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

it('pictures are what Node can decode', async () => {
  for (const name of ['b.tif', 'c.bmp', 'd.AVIF']) writeFileSync(join(folder, name), '')
  expect(await findPictures(folder)).toEqual(['a.png', 'b.tif', 'd.AVIF'].map((name) => join(folder, name)))
})

it.each([
  ['listed', readdir],
  ['looked at', stat],
])('a sub-folder that cannot be %s is named', async (_, call) => {
  const given = vi.mocked(call as (path: string) => Promise<unknown>)
  const real = given.getMockImplementation()!
  given.mockImplementation(async (path) => {
    if (path.endsWith('closed'))
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    return real(path)
  })
  await expect(findPictures(folder)).rejects.toMatchObject({
    code: 'invalid-file',
    message: `cannot read ${join(folder, 'closed')}: EACCES: permission denied`,
  })
})
