/**
 * Every network with weights by formula against PyTorch's logits, in both forms. The largest networks take minutes: they, and every
 * size on every backend, run where MOBILEONE_ZOO is `all`: `npm run zoo:check`.
 */
import { createHash } from 'node:crypto'
import { ort } from '@mobileone/backend-ort'
import { wasm } from '@mobileone/backend-wasm'
import {
  type Backend,
  elementCount,
  type Model,
  maxAbsDifference,
  print,
  profile,
  reference,
  reparameterize,
  type Tensor,
  tensor,
  withInputs,
} from '@mobileone/core'
import { lacking, readGoldenFloat32, readGoldenJson } from '@mobileone/testkit'
import * as native from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probeNames, probeNetwork, probes, type ZooName, zoo, zooNames, zooNetwork } from '../src/index.ts'
import { formulaImage, withFormula } from './formula.ts'

interface Logits {
  readonly file: string
  readonly input: readonly [number, number, number, number]
  /** Of PyTorch's float32 evaluation; the file is float64, rounded. */
  readonly float32MaxError: number
  readonly maxAbs: number
}

interface Network {
  readonly gain: number
  readonly weightsSha256: string
  readonly parameters: readonly (readonly [name: string, shape: readonly number[]])[]
  readonly params: { readonly train: number; readonly deploy: number }
  readonly macs: { readonly convLinear: number }
  readonly logits: { readonly small: Logits; readonly odd?: Logits; readonly full: Logits }
}

const large: readonly ZooName[] = [
  'repvgg_a1',
  'repvgg_a2',
  'repvgg_b0',
  'repvgg_b1',
  'resnet50',
  'mobilevit_s',
]
const isAll = process.env.MOBILEONE_ZOO === 'all'
const names = zooNames.filter((name) => !name.endsWith('_silu') && (isAll || !large.includes(name)))
/** Whose input has one size: they are built for each. */
const tokenNames = names.filter((name) => zoo[name].matmulMacs !== undefined)
const networks = lacking('golden')
  ? {}
  : readGoldenJson<{ networks: Record<string, Network> }>('zoo', 'zoo.json').networks

const backends = {
  reference: () => reference(),
  wasm: () => wasm(),
  ort: () => ort({ lib: native, executionProviders: ['cpu'], numThreads: 1 }),
} satisfies Record<string, () => Backend>

async function expectLogits(sized: Model, backend: keyof typeof backends, { file, input, ...error }: Logits) {
  const [, , height, width] = input
  await using executor = await backends[backend]().compile(sized)
  const { logits } = await executor.run({ image: formulaImage(height, width) })
  const expected = readGoldenFloat32('zoo', 'logits', file)
  // What PyTorch's own float32 is off, 20 times: other orders of summation.
  expect(maxAbsDifference(logits as Tensor, tensor([1, expected.length], expected))).toBeLessThan(
    20 * Math.max(error.float32MaxError, 4e-7 * error.maxAbs),
  )
}

describe.skipIf(lacking('golden')).each(probeNames)('%s', (name) => {
  const golden = networks[name] as Network
  const { layout, activation, skip, params, macs } = probes[name]
  let model: Model
  beforeAll(() => {
    model = withFormula(probeNetwork(layout, activation, { skip }), golden.gain)
  })
  afterAll(() => {
    model = undefined as unknown as Model
  })

  it('has the weights, the parameters and the multiply-accumulates of the reference', () => {
    // The gates' linear layers are convolutions of 1x1 here: the same elements.
    const sizes = Object.fromEntries(
      Object.entries(model.weights).map(([key, { data }]) => [key, data.length]),
    )
    expect(sizes).toEqual(
      Object.fromEntries(golden.parameters.map(([key, shape]) => [key, elementCount(shape)])),
    )
    const hash = createHash('sha256')
    for (const [key] of golden.parameters) hash.update(model.weights[key]?.data as Float32Array)
    expect(hash.digest('hex')).toBe(golden.weightsSha256)
    const counted = profile(model)
    expect({ params: counted.params, macs: counted.macs }).toEqual({ params, macs })
    expect({ params, macs }).toEqual({ params: golden.params.deploy, macs: golden.macs.convLinear })
  })

  it('gives the logits of PyTorch', { timeout: 600_000 }, async () => {
    const { small, full, odd = small } = golden.logits
    const check = (backend: keyof typeof backends, size: Logits): Promise<void> =>
      expectLogits(withInputs(model, { image: size.input }), backend, size)
    if (isAll || layout === 'separable') await check('reference', odd)
    if (isAll) for (const size of [small, full]) await check('reference', size)
    for (const size of isAll ? [small, odd, full] : [odd, full]) {
      await check('wasm', size)
      await check('ort', size)
    }
  })
})

describe.skipIf(lacking('golden')).each(names.filter((name) => !tokenNames.includes(name)))('%s', (name) => {
  const golden = networks[name] as Network
  let train: Model
  let deploy: Model
  beforeAll(() => {
    train = withFormula(zooNetwork(name, { form: 'train' }), golden.gain)
    deploy = reparameterize(train)
  })
  afterAll(() => {
    train = deploy = undefined as unknown as Model
  })

  it('has the weights of the trained network by its names, and folds into the deploy form', () => {
    const shapes = Object.fromEntries(Object.entries(train.weights).map(([key, { shape }]) => [key, shape]))
    expect(shapes).toEqual(Object.fromEntries(golden.parameters))
    const hash = createHash('sha256')
    for (const [key] of golden.parameters) hash.update(train.weights[key]?.data as Float32Array)
    expect(hash.digest('hex')).toBe(golden.weightsSha256)
    expect(print(deploy)).toBe(print(zooNetwork(name, { form: 'deploy' })))
  })

  it('gives the logits of PyTorch, trained and folded', { timeout: 600_000 }, async () => {
    const { small, full, odd = small } = golden.logits
    const expectAt = (model: Model, backend: keyof typeof backends, size: Logits) =>
      expectLogits(withInputs(model, { image: size.input }), backend, size)
    if (isAll) await expectAt(deploy, 'reference', small)
    if (golden.macs.convLinear < 1e9 || isAll) await expectAt(train, 'reference', odd)
    await expectAt(train, 'wasm', odd)
    await expectAt(train, 'ort', odd)
    for (const size of isAll ? [small, odd, full] : [odd, full]) {
      await expectAt(deploy, 'wasm', size)
      await expectAt(deploy, 'ort', size)
    }
  })
})

describe.skipIf(lacking('golden')).each(tokenNames)('%s', (name) => {
  const golden = networks[name] as Network
  const build = (form: 'train' | 'deploy', size?: Logits) =>
    zooNetwork(name, { form, ...(size && { size: size.input.slice(2) as [number, number] }) })

  it('has the weights of the trained network by its names, and folds into the deploy form', () => {
    const train = withFormula(build('train'), golden.gain)
    const shapes = Object.fromEntries(Object.entries(train.weights).map(([key, { shape }]) => [key, shape]))
    expect(shapes).toEqual(Object.fromEntries(golden.parameters))
    const hash = createHash('sha256')
    for (const [key] of golden.parameters) hash.update(train.weights[key]?.data as Float32Array)
    expect(hash.digest('hex')).toBe(golden.weightsSha256)
    expect(print(reparameterize(train))).toBe(print(build('deploy')))
  })

  it('gives the logits of PyTorch, trained and folded', { timeout: 600_000 }, async () => {
    const { small, full } = golden.logits
    for (const size of [small, full]) {
      const train = withFormula(build('train', size), golden.gain)
      const deploy = reparameterize(train)
      if (size === small || isAll) await expectLogits(deploy, 'reference', size)
      for (const backend of ['wasm', 'ort'] as const) {
        if (size === small) await expectLogits(train, backend, size)
        await expectLogits(deploy, backend, size)
      }
    }
  })
})
