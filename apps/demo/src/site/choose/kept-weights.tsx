/** @jsxImportSource preact */

import { bytes } from '@mobileone/site-kit/format'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { engine, forgetKept } from '../state/engine.ts'
import { lookForKept } from './model-options.tsx'

/** How much this browser keeps of downloaded weights, and the way to be rid of it. */
export function KeptWeights(): JSX.Element {
  const { status } = engine.value
  const [kept, setKept] = useState<number>()
  const [failure, setFailure] = useState<string>()
  const count = async (): Promise<void> => {
    const { keptBytes } = await import('../state/weight-cache.ts')
    setKept(await keptBytes())
  }
  useEffect(() => {
    void count()
  }, [status])
  const clear = async (): Promise<void> => {
    try {
      const { forgetWeights } = await import('../state/weight-cache.ts')
      await forgetWeights()
      setFailure(undefined)
    } catch (error) {
      setFailure((error as Error).message)
    }
    forgetKept()
    await Promise.all([count(), lookForKept()])
  }
  return (
    <div class="choose-kept">
      <h3>Kept in this browser</h3>
      <div class="row">
        <p role="status">
          {failure ??
            (kept === undefined
              ? 'Counting…'
              : kept === 0
                ? 'No downloaded weights.'
                : `${bytes(kept)} of downloaded weights, as they came and folded.`)}
        </p>
        <button type="button" class="quiet" disabled={!kept || status === 'loading'} onClick={clear}>
          Delete them
        </button>
      </div>
    </div>
  )
}
