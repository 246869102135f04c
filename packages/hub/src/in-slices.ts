import type { Pace } from './platform.ts'

/** Give `use` the bytes in slices of at most `size`, in order, with a pause after each where `pace` wants one. */
export async function inSlices(
  bytes: Uint8Array,
  size: number,
  pace: Pace,
  use: (slice: Uint8Array) => unknown,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    use(bytes.subarray(at, at + size))
    await pace(Math.min(bytes.length, at + size))
  }
}
