import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** Both take minutes, or pictures, so they are not run; what they call is, elsewhere, and they are type-checked where they are. */
test.each(['readme-example.ts', 'data-example.ts'])(
  'the README shows %s as it is type-checked here',
  (name) => {
    expect(read('../README.md')).toContain(`\`\`\`ts\n${read(name)}\`\`\``)
  },
)
