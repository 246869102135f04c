import type { MilType } from '../mil/program.ts'

/** A constant of a program: numbers as float32 or as they are, or text. */
export interface Constant {
  readonly dtype: MilType
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
  readonly texts?: readonly string[]
}
