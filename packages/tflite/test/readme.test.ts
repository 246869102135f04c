import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { write } from './readme-example.ts'
import { deploy, train } from './support/models.ts'

it('the example of the README is the one tested here, and folds and writes', () => {
  const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
  expect(file('../README.md')).toContain(file('readme-example.ts'))
  expect(write(train)).toEqual(toTflite(deploy))
})
