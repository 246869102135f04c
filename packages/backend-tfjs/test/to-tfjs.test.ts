import '@tensorflow/tfjs-backend-cpu'
import {
  initialize,
  type MobileOneConfig,
  type Model,
  mobileone,
  random,
  reference,
  tensor,
} from '@mobileone/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Tfjs, tfjs, toTfjs } from '../src/index.ts'

function network(form: 'train' | 'deploy'): Model {
  const config: MobileOneConfig = {
    name: 'small',
    input: { channels: 3, size: [32, 32] },
    stem: { channels: 16, stride: 2, branches: 1 },
    stages: [
      { blocks: 1, channels: 24, stride: 2, branches: 2, squeezeExcite: 0 },
      { blocks: 2, channels: 48, stride: 2, branches: 1, squeezeExcite: 1 },
    ],
    classes: 10,
  }
  const graph = mobileone(config, { form, outputs: ['logits', 'stride8'] })
  return initialize(graph, { seed: 3, statistics: 'random' })
}

/** NCHW values and the same as an NHWC tensor. */
function image(): { readonly nchw: Float32Array; nhwc(): tf.Tensor } {
  const source = random(5)
  const nchw = Float32Array.from({ length: 3 * 32 * 32 }, () => source.normal())
  return { nchw, nhwc: () => tf.tidy(() => tf.transpose(tf.tensor4d(nchw, [1, 3, 32, 32]), [0, 2, 3, 1])) }
}

describe('a model as a function', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu')
  })

  it.each(['train', 'deploy'] as const)(
    '%s form: NHWC in and out, every tensor accounted for',
    async (form) => {
      const model = network(form)
      const { nchw, nhwc } = image()
      const before = tf.memory().numTensors
      const run = toTfjs(model, tf)
      const x = nhwc()
      const loaded = tf.memory().numTensors
      const { logits, stride8 } = run({ image: x })
      expect(tf.memory().numTensors).toBe(loaded + 2)

      await using oracle = await reference().compile(model)
      const wanted = await oracle.run({ image: tensor([1, 3, 32, 32], nchw) })
      const scale = Math.max(...wanted.logits!.data.map(Math.abs))
      const found = await logits!.data()
      expect(
        Math.max(...found.map((value, index) => Math.abs(value - wanted.logits!.data[index]!))),
      ).toBeLessThan(1e-4 * scale)
      expect(stride8!.shape).toEqual([1, 4, 4, 48])
      tf.dispose([x, logits!, stride8!])
      run.dispose()
      expect(tf.memory().numTensors).toBe(before)
    },
  )

  it('takes any batch', () => {
    const run = toTfjs(network('deploy'), tf)
    const shape = tf.tidy(() => run({ image: tf.zeros([3, 32, 32, 3]) }).logits!.shape)
    expect(shape).toEqual([3, 10])
    run.dispose()
  })

  it('leaves nothing behind where a call fails', () => {
    const run = toTfjs(network('deploy'), tf)
    const x = tf.zeros([1, 32, 32, 4])
    const before = tf.memory().numTensors
    expect(() => run({ image: x })).toThrow('node "stem"')
    expect(() => run({})).toThrow('the input "image" is missing')
    expect(tf.memory().numTensors).toBe(before)
    x.dispose()
    run.dispose()
  })
})

describe('errors', () => {
  it('a library that is not installed', async () => {
    const lib = async (): Promise<Tfjs> =>
      Promise.reject(new Error("Cannot find package '@tensorflow/tfjs-core'"))
    const probe = await tfjs({ lib }).probe()
    expect(probe.ok ? '' : probe.reason).toContain('install @tensorflow/tfjs-core')
    await expect(tfjs({ lib }).compile(network('deploy'))).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('something that is no library', async () => {
    await expect(tfjs({ lib: {} as Tfjs }).compile(network('deploy'))).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  })

  it('NaN is not looked at, since it may get lost', () => {
    expect(tfjs({ lib: tf, backend: 'cpu' }).nan).toBe('unspecified')
  })

  it('a backend that is not registered, naming the package', async () => {
    const backend = tfjs({ lib: tf, backend: 'webgpu' })
    const probe = await backend.probe()
    expect(probe.ok ? '' : probe.reason).toContain('import @tensorflow/tfjs-backend-webgpu')
    await expect(backend.compile(network('deploy'))).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('a convolution with stride and dilation', () => {
    const model: Model = {
      name: 'strided',
      inputs: { x: { dtype: 'float32', shape: [1, 1, 9, 9] } },
      nodes: [
        {
          op: 'conv2d',
          name: 'both',
          inputs: ['x'],
          weight: 'w',
          stride: [2, 2],
          padding: [0, 0],
          dilation: [2, 2],
          groups: 1,
        },
      ],
      outputs: { y: 'both' },
      weights: { w: tensor([1, 1, 3, 3]) },
    }
    expect(tfjs({ lib: tf }).unsupported(model)).toEqual(model.nodes)
    expect(() => toTfjs(model, tf)).toThrow('"both"')
  })
})
