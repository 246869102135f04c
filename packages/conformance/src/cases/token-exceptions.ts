import type { Op } from '@mobileone/core'

/** Of sequences of tokens. Their networks are among the combinations in `ops.ts`. */
export const tokenOps: readonly Op[] = ['layerNorm', 'matmul', 'reshape', 'transpose', 'parameter']

/** The case that needs no such op, and rows in place of matrices. */
export const rowsCase = 'linear and softmax over the last axis'

/** The exceptions of a backend that works on feature maps and matrices alone, none of whose kernels are for sequences of tokens. */
export function tokenExceptions(reason: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...tokenOps, rowsCase].map((name) => [name, reason]))
}
