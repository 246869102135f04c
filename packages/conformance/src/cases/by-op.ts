import type { Op } from '@mobileone/core'
import type { Definition } from '../definition.ts'
import { convCases } from './conv2d.ts'
import { eachUnary } from './each-unary.ts'
import { expectThat } from './expect.ts'
import { opCases } from './ops.ts'
import { valueCases } from './values.ts'

/** Cases of every op: where one has none, this does not compile. */
export type CasesByOp = Readonly<Record<Op, readonly Definition[]>>

/** The cases that test an op by itself: generated shapes, then special values. */
export const casesByOp: CasesByOp = {
  conv2d: [...convCases, ...valueCases.conv2d],
  batchNorm: [opCases.batchNorm, ...valueCases.batchNorm],
  linear: [opCases.linear, ...valueCases.linear],
  ...eachUnary((op) => [opCases[op], ...valueCases[op]]),
  affine: [opCases.affine, ...valueCases.affine],
  add: [opCases.add, ...valueCases.add],
  mul: [opCases.mul, ...valueCases.mul],
  maximum: [opCases.maximum, ...valueCases.maximum],
  globalAvgPool: [opCases.globalAvgPool, ...valueCases.globalAvgPool],
  maxPool: [opCases.maxPool, ...valueCases.maxPool],
  upsample: [opCases.upsample, ...valueCases.upsample],
  concat: [opCases.concat, ...valueCases.concat],
  slice: [opCases.slice, ...valueCases.slice],
  channelShuffle: [opCases.channelShuffle, ...valueCases.channelShuffle],
  flatten: [opCases.flatten, ...valueCases.flatten],
  softmax: [opCases.softmax, ...valueCases.softmax],
  layerNorm: [opCases.layerNorm, ...valueCases.layerNorm],
  matmul: [opCases.matmul, ...valueCases.matmul],
  reshape: [opCases.reshape, ...valueCases.reshape],
  transpose: [opCases.transpose, ...valueCases.transpose],
  parameter: [opCases.parameter, ...valueCases.parameter],
}

/**
 * Fails where `names`, the ops of the core that is installed, has one that `cases` does not test: the core may be newer than
 * this package.
 */
export function coverageCase(
  names: readonly string[],
  cases: Readonly<Record<string, readonly Definition[]>>,
): Definition {
  return {
    name: 'suite: every op has a case',
    ops: [],
    async run() {
      const untested = names.filter((name) => !Object.hasOwn(cases, name) || cases[name]?.length === 0)
      expectThat(
        untested.length === 0,
        `no case tests ${untested.map((name) => `"${name}"`).join(', ')}; install the version of @mobileone/conformance that belongs to this @mobileone/core, or add cases`,
      )
    },
  }
}
