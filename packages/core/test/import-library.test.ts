import { importLibrary, type LibrarySource } from '@mobileone/core'
import { expect, it } from 'vitest'

interface Library {
  start(): void
}

const library: Library = { start() {} }
const load = (source: LibrarySource<Library>): Promise<Library> =>
  importLibrary(source, {
    backend: 'test',
    packages: 'one or another',
    install: 'one and its engine',
    example: "() => import('one')",
    matches: ({ start }) => typeof start === 'function',
  })

it.each([
  ['a module', library],
  ['a function that imports it', async () => library],
  ['a CommonJS module under default', async () => ({ default: library })],
])('%s', async (_, source) => {
  expect(await load(source)).toBe(library)
})

it('a library that cannot be loaded: its words, and what to install', async () => {
  const cause = new Error('Cannot find package')
  await expect(load(() => Promise.reject(cause))).rejects.toMatchObject({
    code: 'unavailable',
    message: 'test: the library could not be loaded (Cannot find package); install one and its engine',
    cause,
  })
})

it.each([[{}], [null], [undefined], [async () => ({ default: {} })]])(
  'something else: %s',
  async (source) => {
    await expect(load(source as LibrarySource<Library>)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: "test: `lib` must be the module one or another, or a function such as () => import('one')",
    })
  },
)
