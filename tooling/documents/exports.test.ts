import { expect, test } from 'vitest'
import { documentedExports } from './exports.ts'

const exports = documentedExports()

test('every export of every package says in a sentence what it is', () => {
  expect(exports.length).toBeGreaterThan(500)
  const silent = exports.filter(({ comment }) => !/\w+\W+\w/.test(comment))
  expect(silent.map(({ at, name }) => `${at} ${name}: no doc comment`)).toEqual([])
})

test('every function that throws a MobileOneError says so, with the code', () => {
  const throwing = exports.filter(({ throws }) => throws.length > 0)
  expect(throwing.length).toBeGreaterThan(40)
  const silent = throwing.flatMap(({ at, name, comment, throws }) => {
    const said = comment.slice(comment.indexOf('@throws'))
    if (!comment.includes('@throws')) return [`${at} ${name}: no @throws; it throws ${throws.join(', ')}`]
    const unsaid = throws.filter((code) => !said.includes(`\`${code}\``))
    return unsaid.length > 0 ? [`${at} ${name}: @throws without ${unsaid.join(', ')}`] : []
  })
  expect(silent).toEqual([])
})
