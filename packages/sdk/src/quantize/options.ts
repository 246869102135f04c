import type { MobileOneError, OnProgress } from '@mobileone/core'

/** How photographs are used, and how far the int8 form goes. */
export interface CalibrationOptions {
  /**
   * How many readable photographs set the steps of activations; up to 32 further ones tell what the result is worth. Default 16: S0
   * loses 0.7 points of top-1 with them (docs/quantization.md).
   */
  readonly count?: number | undefined
  /** False: weights alone in int8, their biases corrected by the photographs. Default: where there are photographs. */
  readonly activations?: boolean | undefined
  /**
   * Of the multiply-adds that could be done in integers, how many may stay float, from 0 to 1, in the layers that cost most accuracy,
   * where integers cost a network much. Default 0.125; 0 is fastest.
   */
  readonly floatShare?: number | undefined
  /** Hears of a photograph that cannot be read, and of its place, and the others go on. Without it that is an error. */
  readonly onSkipped?: ((error: MobileOneError, index: number) => void) | undefined
  /** Hears of the phases `photographs`, `calibrate`, `quantize`, `choose` and `compare`, after those of loading. */
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}
