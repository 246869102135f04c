import { describe, expect, it } from 'vitest'
import { createPeakMeter } from '../src/index.ts'
import { flopPerRound, peakModule } from '../src/peak-kernel.ts'

describe('the peak kernel', () => {
  it.each([true, false])('does 12 chains of multiply-adds (relaxed %s)', async (relaxed) => {
    const bytes = peakModule(relaxed)
    if (!WebAssembly.validate(bytes)) {
      expect(relaxed).toBe(true)
      return
    }
    const { instance } = await WebAssembly.instantiate(bytes)
    const peak = instance.exports.peak as (rounds: number, factor: number) => number
    // c -> c / 2 + 1 / 2 three times, for c = 0 … 11, summed.
    expect(peak(3, 0.5)).toBe(66 / 8 + 12 * 0.875)
    expect(flopPerRound).toBe(96)
  })
  it('is measured on one thread and on two', async () => {
    const meter = await createPeakMeter()
    expect(await meter.measure(1)).toBeGreaterThan(0)
    expect(await meter.measure(2)).toBeGreaterThan(0)
    meter.dispose()
  })
})
