/** What int8.test.ts runs in Chromium. */
import { detectSimd } from '../src/detect-simd.ts'
import { differences, pointwiseCases, type runWith } from './int8-networks.ts'

const page = {
  int8: {
    detectSimd,
    differences: (options: Parameters<typeof runWith>[2]) => differences(pointwiseCases(), options),
  },
}
export type Int8Page = typeof page
Object.assign(globalThis, page)
