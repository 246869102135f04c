import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeSince, testsOf } from './changed-tests.mjs'

let root: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mobileone-changed-')))
  writePackage('core')
  write(
    'packages/core/src/add.ts',
    "import { shape } from './shape.ts'\nexport const add = (): number => shape()",
  )
  write('packages/core/src/shape.ts', 'export const shape = (): number => 4')
  write(
    'packages/core/src/print.ts',
    "import type { Add } from './add.ts'\nexport const print = (): void => {}",
  )
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

const writePackage = (name: string, more: object = { sideEffects: false }): void =>
  write(
    `packages/${name}/package.json`,
    JSON.stringify({
      name: `@mobileone/${name}`,
      exports: {
        '.': { source: './src/index.ts', default: './dist/index.mjs' },
        './half': { source: './src/half.ts', default: './dist/half.mjs' },
      },
      imports: { '#kernels': { source: './src/kernels.ts', default: './dist/kernels.mjs' } },
      ...more,
    }),
  )

/** A test in another package, with this text, and its path. */
const writeTest = (name: string, text: string): string => {
  const file = `packages/app/test/${name}.test.ts`
  write(file, text)
  return file
}

const touchedBy = (...files: string[]): string[] | undefined =>
  testsOf({ files, before: () => undefined }, root)

/** The sources of core whose change touches a test with this text. */
const needsOfCore = (text: string): string[] => {
  const test = writeTest('one', text)
  return ['add', 'shape', 'print', 'index'].filter((name) =>
    touchedBy(`packages/core/src/${name}.ts`)?.includes(test),
  )
}

describe('names through an index', () => {
  beforeEach(() =>
    write('packages/core/src/index.ts', "export { add } from './add.ts'\nexport { print } from './print.ts'"),
  )

  it.each([
    ['one name', "import { print } from '@mobileone/core'", ['print', 'index']],
    ['what the file of the name needs', "import { add } from '@mobileone/core'", ['add', 'shape', 'index']],
    ['a name of its own', "import { add as plus } from '@mobileone/core'", ['add', 'shape', 'index']],
    ['names on lines of their own', "import {\n  add,\n  print,\n} from '@mobileone/core'", 'all'],
    ['no types', "import type { Add } from '@mobileone/core'", []],
    ['no types on lines of their own', "import type {\n  add,\n} from '@mobileone/core'", []],
    ['no inline types', "import { print, type add } from '@mobileone/core'", ['print', 'index']],
    ['nothing where all are types', "import { type add, type print } from '@mobileone/core'", []],
    ['a namespace', "import * as core from '@mobileone/core'", 'all'],
    ['a default beside a namespace', "import core, * as all from '@mobileone/core'", 'all'],
    ['a bare import', "import '@mobileone/core'", 'all'],
    ['an import expression', "const core = await import('@mobileone/core')", 'all'],
    [
      'names of an import expression',
      "const { print: show, } = await import('@mobileone/core')",
      ['print', 'index'],
    ],
    ['a member of one', "(await import('@mobileone/core')).print()", ['print', 'index']],
    ['the rest of one', "const { print, ...rest } = await import('@mobileone/core')", 'all'],
    ['a name of one that is computed', "const { [name]: print } = await import('@mobileone/core')", 'all'],
    ['one within a pattern', "const { a: { print } } = await import('@mobileone/core')", 'all'],
    ['one that is not awaited', "import('@mobileone/core').then(({ print }) => print())", 'all'],
    ['a name that is not there', "import { gone } from '@mobileone/core'", 'all'],
    ['a string', "const entries = ['@mobileone/core']", 'all'],
    ['a program in a string', 'const text = "import { add } from \'@mobileone/core\'"', 'all'],
    ['a program in a template', "const text = `\nimport { add } from '@mobileone/core'\n`", 'all'],
    ['no comment', "// as '@mobileone/core' does", []],
    ['a file that cannot be parsed', "import { add } from '@mobileone/core' )", 'all'],
    ['a path', "import { print } from '../../core/src/index.ts'", ['print', 'index']],
    ['what is built', "const page = new URL('../../core/dist/index.mjs', import.meta.url)", 'all'],
  ])('%s', (_, text, expected) => {
    expect(needsOfCore(text)).toEqual(expected === 'all' ? ['add', 'shape', 'print', 'index'] : expected)
  })

  it('an index of the index, with other names', () => {
    writePackage('sdk')
    write('packages/sdk/src/index.ts', "export { add as plus, print } from '@mobileone/core'")
    expect(needsOfCore("import { plus } from '@mobileone/sdk'")).toEqual(['add', 'shape', 'index'])
    expect(needsOfCore("import { print } from '@mobileone/sdk'")).toEqual(['print', 'index'])
  })
})

it.each([
  ["export * from './add.ts'\nexport * from './print.ts'", 'add', ['add', 'shape', 'index']],
  ["export * from './print.ts'\nexport * from './inner.ts'", 'plus', ['add', 'shape', 'index']],
  ["export * from './print.ts'\nexport * from './inner.ts'", 'add', ['add', 'shape', 'print', 'index']],
  ["export * from './add.ts'\nexport * from './print.ts'", 'other', ['add', 'shape', 'print', 'index']],
  ["export * as adding from './add.ts'\nexport * from './print.ts'", 'adding', ['add', 'shape', 'index']],
  [
    "export { add as default, add as plus } from './add.ts'\nexport * from './print.ts'",
    'plus',
    ['add', 'shape', 'index'],
  ],
  [
    "export { default } from './print.ts'\nexport { add } from './add.ts'",
    'default as print',
    ['print', 'index'],
  ],
  [
    "import { add } from './add.ts'\nimport { print } from './print.ts'\nexport { add, print as show }",
    'show',
    ['print', 'index'],
  ],
  [
    "import * as adding from './add.ts'\nimport print from './print.ts'\nexport { adding, print }",
    'adding',
    ['add', 'shape', 'index'],
  ],
  [
    "'use client'\nexport { add } from './add.ts'\nexport { print } from './print.ts'",
    'print',
    ['print', 'index'],
  ],
  [
    "export type { Add } from './add.ts'\nexport { type Shape } from './shape.ts'\nexport { print } from './print.ts'",
    'print',
    ['print', 'index'],
  ],
  [
    "import './shape.ts'\nexport { add } from './add.ts'\nexport { print } from './print.ts'",
    'print',
    ['shape', 'print', 'index'],
  ],
  [
    "import { add } from './add.ts'\nadd()\nexport { print } from './print.ts'",
    'print',
    ['add', 'shape', 'print', 'index'],
  ],
  ["export { add } from './add.ts'\nexport const print = 1", 'print', ['add', 'shape', 'index']],
])('of %j %s needs %j', (index, name, expected) => {
  write('packages/core/src/inner.ts', "export { add as plus } from './add.ts'")
  write('packages/core/src/index.ts', index)
  expect(needsOfCore(`import { ${name} } from '@mobileone/core'`)).toEqual(expected)
})

it('takes all of a package whose modules may do more than export', () => {
  const index = "export { add } from './add.ts'\nexport { print } from './print.ts'"
  write('packages/core/src/index.ts', index)
  for (const sideEffects of [undefined, true, ['./src/print.ts']]) {
    writePackage('core', { sideEffects })
    expect(needsOfCore("import { add } from '@mobileone/core'")).toEqual(['add', 'shape', 'print', 'index'])
    expect(needsOfCore("import { type Add } from '@mobileone/core'")).toEqual([
      'add',
      'shape',
      'print',
      'index',
    ])
    expect(needsOfCore("import type { Add } from '@mobileone/core'")).toEqual([])
  }
})

describe('a change of an index', () => {
  const index = 'packages/core/src/index.ts'
  const before = "export { add } from './add.ts'\nexport { print } from './print.ts'"
  const touched = (text: string, old: string | undefined = before): string[] | undefined => {
    write(index, text)
    return testsOf({ files: [index], before: () => old }, root)
  }
  let [add, print, all]: string[] = []
  beforeEach(() => {
    add = writeTest('add', "import { add } from '@mobileone/core'")
    all = writeTest('all', "import * as core from '@mobileone/core'")
    print = writeTest('print', "import { print } from '@mobileone/core'")
  })

  it('touches those that take a name whose origin is another one', () => {
    expect(touched("export { sum as add } from './add.ts'\nexport { print } from './print.ts'")).toEqual([
      add,
      all,
    ])
    expect(touched("export { add } from './add.ts'\nexport { print } from './shape.ts'")).toEqual([
      all,
      print,
    ])
    expect(touched("export { add } from './add.ts'")).toEqual([all, print])
    expect(touched(`${before}\nexport { shape } from './shape.ts'`)).toEqual([all])
  })

  it('touches all where it cannot be told', () => {
    expect(touched(`${before}\nexport * from './shape.ts'`)).toEqual([add, all, print])
    expect(touched(`${before}\nimport './shape.ts'`)).toEqual([add, all, print])
    expect(touched(`${before}\nexport const one = 1`)).toEqual([add, all, print])
    expect(touched(before, `${before}\nexport const one = 1`)).toEqual([add, all, print])
    expect(touched(before, `${before} )`)).toEqual([add, all, print])
    write(index, before)
    expect(touchedBy(index)).toEqual([add, all, print])
  })
})

describe('files that are named otherwise', () => {
  beforeEach(() => write('packages/core/src/index.ts', "export { add } from './add.ts'"))

  it('entries and imports of a package, with what the bundler is to make of them', () => {
    write('packages/core/src/half.ts', "import { kernels } from '#kernels'\nexport const half = kernels")
    write('packages/core/src/kernels.ts', 'export const kernels = 1')
    const half = writeTest('half', "import { half } from '@mobileone/core/half'")
    const worker = writeTest('worker', "import url from '@mobileone/core/half?worker&url'")
    expect(touchedBy('packages/core/src/kernels.ts')).toEqual([half, worker])
    expect(touchedBy('packages/core/src/shape.ts')).toEqual([])
  })

  it('pages, fixtures and their folders, there or deleted', () => {
    write('packages/app/test/page.ts', "import { add } from '@mobileone/core'")
    const page = writeTest('page', "const entry = new URL('page.ts', import.meta.url)")
    const data = writeTest('data', "const data = new URL('data/a.bin', import.meta.url)")
    const folder = writeTest('folder', "const data = new URL('./data', import.meta.url)")
    expect(touchedBy('packages/core/src/shape.ts')).toEqual([page])
    write('packages/app/test/data/a.bin', '')
    expect(touchedBy('packages/app/test/data/a.bin')).toEqual([data, folder])
    rmSync(join(root, 'packages/app/test/data/a.bin'))
    expect(touchedBy('packages/app/test/data/a.bin')).toEqual([data, folder])
  })

  it('the test itself; nothing that is deleted; of an installed library or the build every one', () => {
    const test = writeTest('one', '')
    expect(touchedBy(test, 'packages/app/test/deleted.test.ts')).toEqual([test])
    expect(touchedBy('pnpm-lock.yaml')).toBeUndefined()
  })

  it('any file, by a test that names the root', () => {
    const reader = writeTest('reader', "const root = join(import.meta.dirname, '../../..')")
    expect(touchedBy('packages/core/src/shape.ts')).toEqual([reader])
  })

  it('documents, and what their code is compiled and run against', () => {
    write('tooling/documents/run.ts', '')
    write('tooling/documents/documents.test.ts', "import './run.ts'")
    for (const file of ['docs/weights.md', 'packages/core/src/shape.ts', 'examples/camera/src/main.ts'])
      expect(touchedBy(file)).toEqual(['tooling/documents/documents.test.ts'])
    expect(touchedBy('apps/demo/src/main.ts', 'packages/core/test/shape.test.ts')).toEqual([])
  })

  it('kernels and how a package is built, of which its sources are made', () => {
    write('packages/core/src/generated/plain.wasm', '')
    write('packages/core/src/kernels.ts', "import wasm from './generated/plain.wasm?url'")
    const kernels = writeTest('kernels', "import '../../core/src/kernels.ts'")
    const add = writeTest('add', "import { add } from '@mobileone/core'")
    expect(touchedBy('packages/core/assembly/conv.ts')).toEqual([kernels])
    expect(touchedBy('packages/core/tsdown.config.ts')).toEqual([add, kernels])
  })
})

it('finds what differs from a commit, with the text that it had', () => {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: root,
      encoding: 'utf8',
    })
  git('init', '--quiet')
  write('packages/core/src/index.ts', 'before')
  git('add', '.')
  git('commit', '--quiet', '--message', 'One')
  write('packages/core/src/index.ts', 'after')
  write('packages/core/src/committed.ts', '')
  git('add', '.')
  git('commit', '--quiet', '--message', 'Two')
  write('packages/core/src/new.ts', '')
  rmSync(join(root, 'packages/core/src/add.ts'))
  const { files, before } = changeSince('HEAD~1', root)
  expect([...files].sort()).toEqual(
    ['add', 'committed', 'index', 'new'].map((name) => `packages/core/src/${name}.ts`),
  )
  expect(before('packages/core/src/index.ts')).toBe('before')
  expect(before('packages/core/src/add.ts')).toContain('export const add')
  expect(before('packages/core/src/new.ts')).toBeUndefined()
  expect(before('packages/core/src/committed.ts')).toBeUndefined()
  expect(() => changeSince('no-such-ref', root)).toThrow('no-such-ref')
})
