import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bundledIn, missingFacts, missingNotices, packageOf, undeclaredImports } from './packed-contents.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-packed-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

it('finds imports of packages that the manifest does not name, in programs and declarations', () => {
  write(
    'dist/index.mjs',
    "import { a } from './a.mjs'\nimport 'node:fs'\nimport 'fs'\nimport 'kept/part'\nimport '#own'\n",
  )
  write('dist/a.mjs', "import 'own/b'\nexport const load = () => import('@scope/lazy/part')\n")
  write(
    'dist/index.d.mts',
    "import type { T } from 'types-only'\nexport type U = import('inline-type').U | T\n",
  )
  write('node_modules/kept/index.js', "import 'of-others'\n")
  const complaints = undeclaredImports(folder, { name: 'own', peerDependencies: { kept: '1' } })
  expect(complaints.sort()).toEqual([
    'dist/a.mjs imports @scope/lazy, which package.json does not name',
    'dist/index.d.mts imports inline-type, which package.json does not name',
    'dist/index.d.mts imports types-only, which package.json does not name',
  ])
})

it('finds bundled packages by source maps and comments, and those without a licence', () => {
  const store = '../../../node_modules/.pnpm/@scope+one@1.0.0/node_modules/@scope/one/index.js'
  write('dist/index.mjs.map', JSON.stringify({ sources: [store, '../src/index.ts', null] }))
  write('dist/main.mjs', '//#region ../../node_modules/.pnpm/two@2.0.0/node_modules/two/a.js\n//#endregion\n')
  write('dist/THIRD-PARTY-NOTICES.txt', 'two-more 1.0.0 (MIT)\n\n@scope/one 1.0.0 (MIT)\n')
  expect(bundledIn(folder)).toEqual(['@scope/one', 'two'])
  expect(packageOf('C:\\app\\node_modules\\@scope\\one\\a.js')).toBe('@scope/one')
  expect(packageOf('/app/node_modules/@mobileone/core/dist/index.mjs')).toBeUndefined()
  expect(missingNotices(folder, ['two', '@scope/one', 'two'])).toEqual([
    'the code of two is bundled, and no THIRD-PARTY-NOTICES.txt has its licence',
  ])
})

it('finds what a manifest lacks', () => {
  const whole = {
    description: 'One',
    keywords: [],
    license: 'MIT',
    homepage: 'a',
    bugs: 'b',
    repository: {},
    engines: {},
    type: 'module',
    exports: {},
    sideEffects: false,
  }
  expect(missingFacts(whole)).toEqual([])
  const { license: _license, exports: _exports, ...partial } = whole
  expect(missingFacts({ ...partial, description: '' })).toEqual([
    'package.json has no description',
    'package.json has no license',
    'package.json has no exports',
  ])
  expect(missingFacts({ ...partial, bin: './dist/main.mjs' })).toEqual(['package.json has no license'])
})
