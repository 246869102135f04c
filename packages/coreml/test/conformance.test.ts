import { makeModel } from '@mobileone/conformance'
import { describeBackend } from '@mobileone/conformance/vitest'
import { expect, it } from 'vitest'
import { coremlBackend } from '../src/index.ts'
import { exceptions } from './support/exceptions.ts'
import { tinyModel } from './support/models.ts'

const infinite = 'values beyond 65520 are infinite in float16'

describeBackend('the interpreter of float16 packages', () => coremlBackend(), {
  tolerance: 2e-2,
  exceptions: {
    ...exceptions,
    'int8 form: single layers, bit for bit': infinite,
    'NaN and infinity: relu': infinite,
    'NaN and infinity: silu': infinite,
    'NaN and infinity: hardSwish': infinite,
    'NaN and infinity: gelu': infinite,
  },
})

it('says that it is an interpreter, and keeps the package it runs', async () => {
  const backend = coremlBackend()
  const probe = await backend.probe()
  expect(probe.ok && probe.features.join()).toMatch(/interpreter/)
  await using executor = await backend.compile(tinyModel())
  expect(Object.keys(executor.artifact.files)).toContain('Manifest.json')
  expect(executor.steps.some(({ kernel }) => kernel === 'conv float16')).toBe(true)
})

it('names the node of every operation, where nodes become several', async () => {
  const model = makeModel({
    inputs: { x: [1, 4, 3, 3] },
    nodes: [
      { op: 'hardSwish', name: 'swish', inputs: ['x'] },
      { op: 'affine', name: 'scaled', inputs: ['swish'], scale: 2, offset: 1 },
      { op: 'channelShuffle', name: 'shuffled', inputs: ['scaled'], groups: 2 },
      { op: 'relu', name: 'a relu', inputs: ['shuffled'] },
    ],
    outputs: { last: 'a relu', first: 'swish' },
  })
  await using executor = await coremlBackend().compile(model)
  expect(executor.steps.map(({ node, kernel }) => `${node}: ${kernel}`)).toEqual([
    'swish: cast float16',
    'swish: sigmoid_hard float16',
    'swish: mul float16',
    'scaled: mul float16',
    'scaled: add float16',
    'shuffled: slice_by_size float16',
    'shuffled: slice_by_size float16',
    'shuffled: concat float16',
    'shuffled: reshape float16',
    'a relu: relu float16',
    'a relu: cast float32',
    'swish: cast float32',
  ])
})
