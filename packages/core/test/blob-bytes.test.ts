import { afterEach, expect, it, vi } from 'vitest'
import { blobBytes } from '../src/index.ts'

afterEach(() => vi.unstubAllGlobals())

const blob = new Blob([new Uint8Array([1, 2, 3])])
/** A Blob as jsdom has them. */
const bare = { size: blob.size }

function stubReader(read: () => Promise<ArrayBuffer>): void {
  class Reader {
    result: ArrayBuffer | undefined
    error: Error | undefined
    onload = (): void => {}
    onerror = (): void => {}
    readAsArrayBuffer(given: unknown): void {
      expect(given).toBe(bare)
      read().then(
        (result) => {
          this.result = result
          this.onload()
        },
        (error) => {
          this.error = error
          this.onerror()
        },
      )
    }
  }
  vi.stubGlobal('FileReader', Reader)
}

it('reads a Blob by itself where it can, else by a FileReader', async () => {
  expect([...new Uint8Array(await blobBytes(blob))]).toEqual([1, 2, 3])
  stubReader(() => blob.arrayBuffer())
  expect([...new Uint8Array(await blobBytes(bare))]).toEqual([1, 2, 3])
  stubReader(() => Promise.reject(new Error('it is gone')))
  await expect(blobBytes(bare)).rejects.toThrow('it is gone')
})
