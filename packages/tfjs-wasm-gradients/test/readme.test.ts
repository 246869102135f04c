import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the README shows the example that runs here, and its loss falls', async () => {
  expect(read('../README.md')).toContain(`\`\`\`ts\n${read('readme-example.ts')}\`\`\``)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import('./readme-example.ts')
  const losses = log.mock.calls.flat(2).filter((each) => typeof each === 'number')
  log.mockRestore()
  expect(losses).toHaveLength(20)
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4)
})
