import { join } from 'node:path'
import { lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { installExample } from './example.ts'
import { expectedLabels, labelsOnPage, serveFiles } from './page.ts'

describe.skipIf(lacking('registry', 'chromium'))('the example of Vite', () => {
  it('is built, and labels a picture', async () => {
    const example = await installExample('vite')
    try {
      await example.run('npm', ['run', 'build'])
      const server = await serveFiles(join(example.folder, 'dist'))
      try {
        expect(await labelsOnPage(server.url)).toBe(await expectedLabels())
      } finally {
        await server.close()
      }
    } finally {
      await example.remove()
    }
  })
})
