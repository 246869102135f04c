import type { Node } from '@mobileone/core'
import { expect, test } from 'vitest'
import { hardware } from '../src/choose.ts'
import { planModel } from '../src/plan.ts'
import { model } from './models.ts'

const setting = { precision: 'f32', workgroup: 64, largestWorkgroup: 256, parallelism: hardware } as const

test('6,000 nodes take less than a second', () => {
  const nodes: Node[] = []
  for (let index = 0; index < 3000; index++) {
    const x = index === 0 ? 'x' : `add${index - 1}`
    nodes.push(
      { op: 'relu', name: `relu${index}`, inputs: [x] },
      { op: 'add', name: `add${index}`, inputs: [x, `relu${index}`] },
    )
  }
  const given = model([1, 4, 2, 2], nodes)
  const start = process.cpuUsage()
  const plan = planModel(given, setting)
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000)
  expect(plan.dispatches.length).toBe(6000 + 2)
  expect(plan.buffers.filter(({ kind }) => kind === 'slot').length).toBe(3)
})

test('an activation is fused where it alone reads the value, and not where an output shows it', () => {
  const nodes: Node[] = [
    { op: 'add', name: 'sum', inputs: ['x', 'x'] },
    { op: 'gelu', name: 'gelu', inputs: ['sum'] },
    { op: 'add', name: 'twice', inputs: ['gelu', 'gelu'] },
    { op: 'relu', name: 'relu', inputs: ['twice'] },
  ]
  const given = model([1, 4], nodes)
  expect(planModel(given, setting).results).toEqual(['gelu', 'relu'])
  const shown = planModel({ ...given, outputs: { sum: 'sum', y: 'relu' } }, setting)
  expect(shown.results).toEqual(['sum', 'gelu', 'relu'])
})
