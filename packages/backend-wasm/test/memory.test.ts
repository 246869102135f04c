import { afterEach, expect, it, vi } from 'vitest'
import { allocate } from '../src/runtime.ts'

afterEach(() => vi.restoreAllMocks())

it('names the limit of WebAssembly where more is asked for', () => {
  expect(() => allocate('huge', 5 * 2 ** 30, false)).toThrow(
    'wasm: model "huge" needs 5120.0 MiB of memory, more than the 4096 MiB of WebAssembly; use a smaller batch or input',
  )
})

it('says that the engine refused what is below it', () => {
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse() {
    throw new RangeError('out of memory')
  } as never)
  const message = /^wasm: model "large" needs 2048\.0 MiB of memory, which this engine does not give; use/
  expect(() => allocate('large', 2 ** 31, false)).toThrow(
    expect.objectContaining({ code: 'unavailable', message: expect.stringMatching(message) }),
  )
})
