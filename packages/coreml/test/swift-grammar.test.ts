import { readdirSync, readFileSync } from 'node:fs'
import { lacking } from '@mobileone/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { toSwift } from '../src/index.ts'
import { tinyModel } from './support/models.ts'
import { openSwiftGrammar, parseWithSwiftc } from './support/swift-grammar.ts'

const folder = new URL('../swift/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.swift'))
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

const model = tinyModel()
const named = (name: string): string => toSwift({ ...model, name })
const sources: readonly (readonly [string, () => string])[] = [
  ...files.map((name) => [name, () => read(name)] as const),
  ['toSwift: a classifier of images', () => toSwift(model)],
  ['toSwift: arrays', () => toSwift(model, { input: 'array', output: 'values' })],
  ['toSwift: images and values', () => toSwift(model, { output: 'values', embedding: true })],
  ['toSwift: a model without a card', () => toSwift({ ...model, card: {} })],
  ['toSwift: a name of quotes and lines', () => named('a"\nfunc evil() {}\\ \u2028 */ \\(1)')],
  ['toSwift: a name of other letters', () => named('größe 模型 🐟 __RESOURCE__')],
]

/** Each is a source above with one fault. */
const faults: readonly (readonly [string, string, string, string])[] = [
  [
    'a brace too few',
    'load-model.swift',
    '    return try MLModel(contentsOf: url, configuration: configuration)\n}',
    '',
  ],
  ['a stray operator', 'core-ml-helper.swift', 'var received = 0', 'var received = = 0'],
  ['an open parenthesis', 'measure-latency.swift', 'means.sort()', 'means.sort('],
  ['an open string', 'core-ml-helper.swift', 'case "all"', 'case "all'],
  ['a placeholder of JavaScript', 'classify-image.swift', '__INPUT_WIDTH__', '$' + '{width}'],
]

let faultsIn: Awaited<ReturnType<typeof openSwiftGrammar>>
beforeAll(async () => {
  faultsIn = await openSwiftGrammar()
})

test('what is embedded is what lies in swift/', async () => {
  expect(files.length).toBeGreaterThan(3)
  for (const file of files) {
    const { swift } = await import(`../src/generated/${file.replace('.swift', '')}.ts`)
    expect(swift, `${file} has changed: run turbo run kernels`).toBe(read(file))
  }
})

describe("Swift's grammar", () => {
  test.each(sources)('takes %s', (_, source) => {
    expect(faultsIn(source())).toEqual([])
  })

  test.each(faults)('refuses %s', (_, file, right, wrong) => {
    const broken = read(file).replace(right, () => wrong)
    expect(broken).not.toBe(read(file))
    expect(faultsIn(broken)).not.toEqual([])
  })
})

describe.skipIf(lacking('swift'))('swiftc -parse', () => {
  test.each(sources)('takes %s', (_, source) => {
    expect(parseWithSwiftc(source())).toBe('')
  })

  test.each(faults)('refuses %s', (_, file, right, wrong) => {
    expect(parseWithSwiftc(read(file).replace(right, () => wrong))).toMatch(/error:/)
  })
})

test('every placeholder is filled, and those in a name stay as they are', () => {
  expect(toSwift(model)).not.toMatch(/__[A-Z_]+__/)
  expect(named('a __RESOURCE__')).toContain('let resource = "a___RESOURCE__"')
})
