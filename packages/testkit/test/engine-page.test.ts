import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { lacking, openEnginePage } from '../src/index.ts'

const folder = fileURLToPath(new URL('fixtures/engine/', import.meta.url))

describe.skipIf(lacking('current-node'))('a module in an engine', () => {
  it('is called, one call after the other, and reads what is served beside it', async () => {
    const page = await openEnginePage('current-node', {
      entry: `${folder}page.ts`,
      folders: { '/files/': folder },
    })
    try {
      expect(page.version).toMatch(/^Node v\d+/)
      expect(await Promise.all([page.call('sum', 1, 2), page.call('sum', 3, 4)])).toEqual([3, 7])
      expect(await page.call('read', '/files/broken.ts')).toMatch(/cannot start/)
      await expect(page.call('fail')).rejects.toThrow(/in current-node: TypeError: no such thing/)
      await expect(page.call('nothing')).rejects.toThrow(/has no function nothing/)
      await expect(page.call('leave')).rejects.toThrow(/Node v\S+ is gone: it ended with 7/)
    } finally {
      await page.close()
    }
  })

  it('that cannot start fails its calls', async () => {
    const page = await openEnginePage('current-node', { entry: `${folder}broken.ts` })
    try {
      await expect(page.call('sum')).rejects.toThrow(/RangeError: cannot start/)
      await expect(page.call('sum')).rejects.toThrow(/RangeError: cannot start/)
    } finally {
      await page.close()
    }
  })
})
