import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Tensor, tensor } from '@mobileone/core'
import { goldenPath, lacking } from '@mobileone/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClassifier } from '../src/index.ts'
import { codeOf, disposePools, open, ownThread, pixels } from './open-pools.ts'
import { useShippedThreads } from './shipped-threads.ts'

useShippedThreads()
afterEach(disposePools)

describe('a pool of threads', () => {
  it.skipIf(lacking('golden'))(
    'gives the bits of one classifier on every thread, also while threads end and are replaced: the real S0',
    async () => {
      const model = goldenPath('mobileone_s0_unfused.pth.tar')
      const pool = await open({ model, size: 3, maxQueue: 100, worker: ownThread })
      const classifier = await createClassifier({ model })
      const inputs = [1, 2, 3].map((seed) =>
        tensor(
          [1, 3, 224, 224],
          Float32Array.from({ length: 3 * 224 ** 2 }, (_, i) => Math.sin(seed * i)),
        ),
      )
      const want = await Promise.all(inputs.map((input) => classifier.logits(input)))
      const few = await pool.fewShot({ light: [pixels], dark: [{ ...pixels, data: new Uint8Array(192) }] })
      const own = await classifier.withHead(few.head)
      let restarts = 0
      for (let round = 0; round < 3; round++) {
        const calls = Array.from({ length: 9 }, async (_, i) =>
          expect(await pool.logits(inputs[i % 3] as Tensor)).toEqual(want[i % 3]),
        )
        const end = codeOf(pool.classify('https://end.test/'))
        // One that shared the thread may be lost with it.
        const lost = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected')
        for (const call of lost) expect(call).toMatchObject({ reason: { code: 'device-lost' } })
        expect(lost.length).toBeLessThanOrEqual(1)
        expect(await end).toBe('device-lost')
        restarts++
        await vi.waitFor(() => expect(pool.stats()).toMatchObject({ ready: 3, restarts }), {
          timeout: 30_000,
        })
        expect(await few.logits(inputs[round] as Tensor)).toEqual(await own.logits(inputs[round] as Tensor))
      }
      for (let i = 0; i < 6; i++) expect(await pool.logits(inputs[i % 3] as Tensor)).toEqual(want[i % 3])
      await few.dispose()
      await classifier.dispose()
      await own.dispose()
    },
  )

  it('takes little more memory for a thread than the thread itself', () => {
    const script = fileURLToPath(new URL('./pool-memory.mjs', import.meta.url))
    const megabytes = (size: number): number => {
      const { stdout, stderr } = spawnSync(process.execPath, [script, `${size}`], {
        encoding: 'utf8',
        timeout: 60_000,
      })
      expect(stderr).toBe('')
      return Number(stdout)
    }
    const [one, seven] = [megabytes(1), megabytes(7)]
    expect(one).toBeGreaterThan(32)
    // Six copies of the packed weights would be 192 MB beside what six threads of Node take.
    expect(seven - one).toBeLessThan(200)
  })
})
