import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tell } from './readme-example.ts'

const example = readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8')
const assets = new URL('../../../apps/demo/assets/', import.meta.url)

describe('the example of the README', () => {
  it.each(['../../../README.md', '../README.md'])('stands in %s as it is run here', (path) => {
    expect(readFileSync(new URL(path, import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``)
  })

  it('tells what is in a picture', async () => {
    const weights = new URL('fashion-mnist.safetensors', assets)
    expect(await tell(weights, new URL('images/2-trouser.png', assets))).toMatch(/^Trouser: \d\d\.\d %$/)
  })
})
