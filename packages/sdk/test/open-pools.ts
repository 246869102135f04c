import { type ErrorCode, isMobileOneError } from '@mobileone/core'
import { type ClassifierPool, createPool, type PoolOptions } from '../src/remote/node.ts'

/** Threads run what the package ships; `npm test` builds it first. */
export const shipped: URL = new URL('../dist/classifier-thread.mjs', import.meta.url)
export const ownThread: URL = new URL('./pool-thread.mjs', import.meta.url)

const pools: ClassifierPool[] = []

/** A pool that `disposePools` ends. */
export async function open(options: PoolOptions): Promise<ClassifierPool> {
  const pool = await createPool({ worker: shipped, ...options })
  pools.push(pool)
  return pool
}

export async function disposePools(): Promise<void> {
  for (const pool of pools.splice(0)) await pool.dispose()
}

/** How a call ends. */
export const codeOf = (call: Promise<unknown>): Promise<ErrorCode | 'done' | undefined> =>
  call.then(
    () => 'done' as const,
    (error) => (isMobileOneError(error) ? error.code : undefined),
  )

export const pixels = {
  width: 8,
  height: 8,
  channels: 3 as const,
  data: new Uint8Array(192).map((_, i) => i),
}
