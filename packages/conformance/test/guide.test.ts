import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

it.each(['example-backend.ts', 'example.test.ts'])('docs/backends.md contains %s word for word', (file) => {
  expect(read('../../../docs/backends.md')).toContain(`\`\`\`ts\n${read(file)}\`\`\``)
})
