import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { wasm } from '@mobileone/backend-wasm'
import { expect, it } from 'vitest'
import { compare } from './readme-example.ts'
import { tinyModel } from './tiny.ts'

it('the first example of the README compares two backends on a network', async () => {
  expect(await compare(tinyModel(), wasm())).toMatch(
    /^mine: [\d.]+ ms, off by \S+\nnaive: [\d.]+ ms, off by 0$/,
  )
})

it('the second measures a contender in processes of its own', async () => {
  const program = fileURLToPath(new URL('readme-processes.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  expect(stdout).toMatch(/^Peak in node, 1 thread: /m)
  expect(stdout).toMatch(/^mine +1 +\d/m)
})
