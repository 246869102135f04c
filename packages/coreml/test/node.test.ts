import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goldenPath, lacking } from '@mobileone/testkit'
import { expect, test } from 'vitest'
import { fromCoreML, toCoreML } from '../src/index.ts'
import { readPackage, writePackage } from '../src/node.ts'
import { main } from './docs-example.ts'
import { tinyModel } from './support/models.ts'

test('a package is written whole, replaces a package and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mobileone-'))
  try {
    const path = join(folder, 'tiny.mlpackage')
    await writePackage(path, toCoreML(tinyModel()))
    const second = toCoreML(tinyModel(), { precision: 'float32' })
    await writePackage(path, second)
    expect(await readPackage(path)).toEqual(second)
    expect(await readdir(folder)).toEqual(['tiny.mlpackage'])

    await writeFile(join(path, 'Data', 'notes.txt'), 'mine')
    await expect(writePackage(path, second)).rejects.toThrow(/holds Data\/notes\.txt, which would be lost/)
    expect(await readFile(join(path, 'Data', 'notes.txt'), 'utf8')).toBe('mine')

    const extension = join(folder, 'extension')
    await mkdir(extension)
    for (const name of ['Manifest.json', 'background.js']) await writeFile(join(extension, name), 'mine')
    await expect(writePackage(extension, second)).rejects.toThrow(
      /is not a Core ML package, so it is not replaced/,
    )
    await expect(writePackage('/dev/null/a.mlpackage', second)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('cannot write /dev/null/a.mlpackage'),
    })

    const other = join(folder, 'notes')
    await writeFile(other, 'mine')
    await expect(writePackage(other, second)).rejects.toThrow(
      /is not a Core ML package, so it is not replaced/,
    )
    expect(await readFile(other, 'utf8')).toBe('mine')
    await expect(readPackage(join(folder, 'absent'))).rejects.toThrow(
      /is not the folder of a Core ML package/,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.skipIf(lacking('golden'))('the example of docs/coreml.md writes both files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mobileone-'))
  const before = process.cwd()
  process.chdir(folder)
  try {
    await main(
      goldenPath('small', 'k1.fused.pth.tar'),
      Array.from({ length: 10 }, (_, index) => `class ${index}`),
    )
    const model = fromCoreML(await readPackage('MobileOne.mlpackage'))
    expect(model.card?.labels?.[9]).toBe('class 9')
    expect(model.card?.preprocess?.size).toEqual([224, 224])
    expect(await readFile('MobileOne.swift', 'utf8')).toContain('resource = "MobileOne"')
  } finally {
    process.chdir(before)
    await rm(folder, { recursive: true })
  }
})
