import type { OnProgress } from '@mobileone/core'

/** The phases of making a classifier, in order, with the part of a first start each takes: S0 over 20 Mbit/s, wasm. */
const phases = [
  ['download', 82],
  ['read', 2],
  ['fold', 8],
  ['pack', 3],
  ['compile', 3],
  ['warm-up', 2],
] as const

/** Bytes at which half of a download of unknown length is taken to be over. */
const halfUnknown = 2 ** 24

/**
 * `onProgress` with `fraction`: that of the phases passed, and within a phase its share of what is left. Phases that do not come leave
 * their share to the rest; a phase that comes again, such as `pack` on a second backend, takes of what is left and nothing goes back.
 */
export function withFraction(onProgress: OnProgress): OnProgress
export function withFraction(onProgress: OnProgress | undefined): OnProgress | undefined
export function withFraction(onProgress: OnProgress | undefined): OnProgress | undefined {
  if (!onProgress) return undefined
  let fraction = 0
  let start = 0
  let current: string | undefined
  return (progress) => {
    const { phase, done, total } = progress
    const index = phases.findIndex(([name]) => name === phase)
    const entry = phases[index]
    if (phase === 'ready') fraction = 1
    else if (entry) {
      if (phase !== current) start = fraction
      current = phase
      const left = phases.slice(index).reduce((sum, [, share]) => sum + share, 0)
      const part =
        total === undefined ? done / (done + halfUnknown) : total > 0 ? Math.min(1, done / total) : 1
      fraction = Math.max(fraction, start + ((1 - start) * entry[1] * part) / left)
    }
    onProgress({ ...progress, fraction })
  }
}
