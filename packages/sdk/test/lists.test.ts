/** Many pictures: how far they are, and how many of them are alive at once. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { withBatch } from '@mobileone/core'
import type { Pixels } from '@mobileone/vision'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClassifier, type LocalClassifier, loadDeployModel, type Progress } from '../src/index.ts'

const weights = new URL('../../../apps/demo/assets/fashion-mnist.safetensors', import.meta.url)
const batch = 4
const picture = (): Pixels => ({ width: 28, height: 28, data: new Uint8Array(28 * 28) })

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('many pictures', () => {
  let classifier: LocalClassifier
  beforeAll(async () => {
    classifier = await createClassifier({ model: withBatch(await loadDeployModel(weights), batch) })
  })
  afterAll(() => classifier?.dispose())

  it.each(['classifyEach', 'embedEach'] as const)(
    '%s of an endless supply keeps two batches at most',
    async (method) => {
      const made: WeakRef<Pixels>[] = []
      let ended = false
      async function* endless() {
        try {
          for (;;) {
            const each = picture()
            made.push(new WeakRef(each))
            yield each
          }
        } finally {
          ended = true
        }
      }
      let done = 0
      let mostAhead = 0
      let mostAlive = 0
      for await (const { index, ok } of classifier[method](endless())) {
        expect([index, ok]).toEqual([done++, true])
        mostAhead = Math.max(mostAhead, made.length - index)
        if (done % 30 === 0) {
          await new Promise((resolve) => setTimeout(resolve))
          collectGarbage()
          mostAlive = Math.max(mostAlive, made.filter((each) => each.deref()).length)
        }
        if (done === 60) break
      }
      expect(mostAhead).toBeLessThanOrEqual(2 * batch)
      expect(mostAlive).toBeLessThanOrEqual(2 * batch)
      await new Promise((resolve) => setTimeout(resolve))
      expect(ended).toBe(true)
    },
  )

  it.each([
    ['classifyEach', 'classify'],
    ['embedEach', 'embed'],
  ] as const)('%s tells how far it is', async (method, phase) => {
    const told: Progress[] = []
    const onProgress = (progress: Progress): void => void told.push(progress)
    const pictures = [picture(), new Uint8Array(3), picture()]
    let results = 0
    for await (const _ of classifier[method](pictures, { onProgress })) expect(told).toHaveLength(++results)
    expect(told).toEqual([
      { phase, done: 1, total: 3, fraction: 1 / 3 },
      { phase, done: 2, total: 3, fraction: 2 / 3 },
      { phase, done: 3, total: 3, fraction: 1 },
    ])
    told.length = 0
    for await (const _ of classifier[method](new Set(pictures), { onProgress })) {
    }
    expect(told.map(({ total }) => total)).toEqual([3, 3, 3])
    told.length = 0
    function* some() {
      yield* pictures
    }
    for await (const _ of classifier[method](some(), { onProgress })) {
    }
    expect(told).toEqual([1, 2, 3].map((done) => ({ phase, done })))
  })

  it('an error thrown by onProgress ends it and the supply', async () => {
    let ended = false
    function* supply() {
      try {
        for (;;) yield picture()
      } finally {
        ended = true
      }
    }
    const run = async () => {
      for await (const _ of classifier.classifyEach(supply(), {
        onProgress() {
          throw new Error('enough')
        },
      })) {
      }
    }
    await expect(run()).rejects.toThrow('enough')
    await new Promise((resolve) => setTimeout(resolve))
    expect(ended).toBe(true)
  })
})
