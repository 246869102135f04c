import { type Op, opNames } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { type CasesByOp, casesByOp, coverageCase } from '../src/cases/by-op.ts'
import { networkCases } from '../src/cases/networks.ts'
import { combinationCases } from '../src/cases/ops.ts'
import type { Definition } from '../src/definition.ts'

const opsIn = (cases: readonly Definition[]): Set<Op> =>
  new Set(
    cases.flatMap(({ trials }) => trials?.() ?? []).flatMap(({ model }) => model.nodes.map(({ op }) => op)),
  )
const run = async (names: readonly string[], cases: Readonly<Record<string, readonly Definition[]>>) => {
  const { run } = coverageCase(names, cases) as Extract<Definition, { trials?: undefined }>
  await run({} as never)
}

describe('every op of the table', () => {
  it.each(opNames)('%s runs in its own cases, on numbers and on NaN', (op) => {
    const cases = casesByOp[op]
    expect(cases.length).toBeGreaterThan(1)
    for (const one of cases) expect([...opsIn([one])], one.name).toContain(op)
    expect(cases.map(({ name }) => name).join()).toContain('NaN and infinity: ')
  })

  it('is in the random networks, or in the networks of tokens', () => {
    const random = networkCases([]).filter(({ name }) => name.includes('random networks of every op'))
    const tokens = combinationCases.filter(({ name }) => /tokens|rows/.test(name))
    expect(opsIn([...random, ...tokens])).toEqual(new Set(opNames))
  })
})

describe('an op without a case', () => {
  it('is an error of the suite that names it', async () => {
    await run(opNames, casesByOp)
    await expect(run([...opNames, 'hardswish'], casesByOp)).rejects.toThrow(
      /no case tests "hardswish"; install the version/,
    )
    await expect(run(['gelu'], { ...casesByOp, gelu: [] })).rejects.toThrow('no case tests "gelu"')
  })

  it('does not compile', () => {
    const { gelu, ...others } = casesByOp
    expect(gelu).not.toHaveLength(0)
    // @ts-expect-error: gelu is missing
    others satisfies CasesByOp
  })
})
