import { type Checkpoint, holdsMobileOne } from '@mobileone/checkpoint'
import { describe, expect, it, vi } from 'vitest'
import { zooModelFromCheckpoint, zooNames, zooNetwork } from '../src/index.ts'

const none = new Uint8Array()
const nothing = { format: 'safetensors', root: '', metadata: new Map(), notes: [] } as const

/** Without the last entry that ends so. */
function without<T>(entries: readonly (readonly [string, T])[], end: string): Map<string, T> {
  const last = entries.findLast(([key]) => key.endsWith(end))
  return new Map(entries.filter((entry) => entry !== last))
}

describe('zooModelFromCheckpoint', () => {
  it('recognises every network by names and shapes alone', () => {
    for (const name of zooNames) {
      const { weights } = zooNetwork(name, { form: 'train' })
      const empty = [...Object.entries(weights)].map(
        ([key, { shape }]) =>
          [key, { dtype: 'float32', shape, strides: [], offset: 0, storage: none }] as const,
      )
      const checkpoint: Checkpoint = { ...nothing, tensors: new Map(empty) }
      expect(holdsMobileOne(checkpoint), name).toBe(false)
      const heard = vi.fn()
      const lost = name.startsWith('deit') || name.startsWith('pit') ? '.norm2.bias' : 'running_mean'
      // Without elements it gets as far as reading them.
      expect(() =>
        zooModelFromCheckpoint({ ...checkpoint, tensors: without(empty, lost) }, { onWarning: heard }),
      ).toThrow(new RegExp(`"${name.replace(/^(tinynet_.)$/, '$1_silu')}":\\n  1 missing: `))
    }
  })
})
