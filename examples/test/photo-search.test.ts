import { dirname } from 'node:path'
import { lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { installExample } from './example.ts'
import { model, picture } from './page.ts'

describe.skipIf(lacking('registry'))('the search for photographs', () => {
  it('finds a picture of the folder itself first, then what is like it', async () => {
    const example = await installExample('photo-search')
    const search = (command: string, path: string): Promise<string> =>
      example.run('npm', ['run', '--silent', command, '--', path], { MODEL: model })
    try {
      expect(await search('index', dirname(picture))).toMatch(/^\d\d+ photographs\n$/)
      const lines = (await search('find', picture)).trim().split('\n')
      expect(lines).toHaveLength(5)
      expect(lines[0]).toMatch(/^1\.000 .*2-trouser\.png$/)
      const scores = lines.map((line) => Number(line.split(' ')[0]))
      expect(scores).toEqual([...scores].sort((a, b) => b - a))
      expect(scores[1]).toBeLessThan(0.9999)
      await expect(search('neither', picture)).rejects.toThrow()
    } finally {
      await example.remove()
    }
  })
})
