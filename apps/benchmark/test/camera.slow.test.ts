import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lacking } from '@mobileone/testkit'
import { expect, it } from 'vitest'

/** `npm run test:slow` builds it first. */
const program = fileURLToPath(new URL('../dist/camera.mjs', import.meta.url))

it.skipIf(lacking('golden', 'chromium'))(
  'runs every camera page, and all see the same',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      '--rounds=1',
      '--seconds=0.4',
      '--json',
    ])
    const { results, skipped } = JSON.parse(stdout)
    expect(skipped).toEqual([])
    expect(results).toHaveLength(5)
    for (const { framesPerSecond, frameMs, startMs, labels } of results) {
      expect([framesPerSecond > 0, frameMs > 0, startMs > 0]).toEqual([true, true, true])
      expect(labels).toEqual([expect.stringMatching(/tabby|cat/)])
    }
  },
  120_000,
)
