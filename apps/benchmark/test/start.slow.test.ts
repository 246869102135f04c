import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'

/** `npm run test:slow` builds it first. */
const program = fileURLToPath(new URL('../dist/start.mjs', import.meta.url))

it.skipIf(lacking('golden', 'chromium'))(
  'starts int8, float32 and others, which see the same',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--rounds=1', '--json'])
    const { results } = JSON.parse(stdout)
    expect(results.map(({ contender }: { contender: string }) => contender)).toEqual([
      'mobileone int8',
      'mobileone float32',
      'onnxruntime-web float32',
      'LiteRT.js float32',
      'TensorFlow.js float32',
    ])
    for (const { createMs, firstMs, startMs, best } of results) {
      expect([createMs > 0, firstMs > 0, startMs >= createMs]).toEqual([true, true, true])
      expect(best).toHaveLength(1)
    }
    const [int8, float32, ...others] = results
    for (const { contender, best } of others) expect(best, contender).toEqual(float32.best)
    expect(int8.features.join()).toMatch(/int8 by \w+/)
    expect(float32.features.join()).not.toMatch(/int8/)
  },
  120_000,
)
