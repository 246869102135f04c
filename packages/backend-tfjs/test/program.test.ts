import '@tensorflow/tfjs-backend-cpu'
import { makeModel } from '@mobileone/conformance'
import { type Node, random } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { tfjs } from '../src/index.ts'
import { buildProgram } from '../src/program.ts'

it('6,000 nodes take less than a second', () => {
  const nodes: Node[] = []
  for (let index = 0; index < 3000; index++) {
    const x = index === 0 ? 'x' : `add${index - 1}`
    nodes.push(
      { op: 'relu', name: `relu${index}`, inputs: [x] },
      { op: 'add', name: `add${index}`, inputs: [x, `relu${index}`] },
    )
  }
  const model = makeModel({ inputs: { x: [1, 4] }, nodes }, random(1))
  const start = process.cpuUsage()
  const { steps } = buildProgram(tf, model)
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000)
  expect(steps.length).toBe(6000)
  expect(steps.slice(0, 2).map(({ last }) => last)).toEqual([[], ['x', 'relu0']])
})

it('models compiled at the same time are each on their own backend', async () => {
  tf.registerBackend('other', () => tf.findBackend('cpu'))
  const model = makeModel(
    { inputs: { x: [1, 4] }, nodes: [{ op: 'relu', name: 'y', inputs: ['x'] }] },
    random(1),
  )
  const names = ['cpu', 'other', 'cpu'] as const
  const executors = await Promise.all(
    names.map((backend) => tfjs({ lib: tf, backend: backend as 'cpu' }).compile(model)),
  )
  expect(executors.map(({ steps }) => steps[0]?.kernel.split(' ')[0])).toEqual(names)
  for (const executor of executors) await executor.dispose()
  tf.removeBackend('other')
  await tf.setBackend('cpu')
})

it('a ReLU is fused where it alone reads the value, and values go after their last read', async () => {
  await tf.setBackend('cpu')
  const nodes: Node[] = [
    { op: 'linear', name: 'first', inputs: ['x'], weight: 'w' },
    { op: 'relu', name: 'relu', inputs: ['first'] },
    { op: 'linear', name: 'unread', inputs: ['relu'], weight: 'w' },
    { op: 'add', name: 'twice', inputs: ['relu', 'relu'] },
  ]
  const model = makeModel({ inputs: { x: [1, 4] }, nodes, weights: { w: [4, 4] } }, random(1))
  const { steps, dispose } = buildProgram(tf, model)
  expect(steps.map(({ makes, last }) => [makes, last])).toEqual([
    ['relu', ['x']],
    ['unread', ['unread']],
    ['twice', ['relu']],
  ])
  dispose()
  const shown = buildProgram(tf, { ...model, outputs: { first: 'first', y: 'twice' } })
  expect(shown.steps.map(({ makes }) => makes)).toEqual(['first', 'relu', 'unread', 'twice'])
  shown.dispose()
})
