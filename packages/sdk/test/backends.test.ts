import { webgpu } from '@mobileone/backend-webgpu'
import { describe, expect, it, vi } from 'vitest'
import { type Backend, createClassifier, type Refusal, reference, wasm } from '../src/index.ts'
import { open } from './backends-example.ts'
import { tinyModel } from './tiny-model.ts'

const assets = new URL('../../../apps/demo/assets/', import.meta.url)
const weights = new URL('fashion-mnist.safetensors', assets)
const trousers = new URL('images/2-trouser.png', assets)

/** The reference with every output turned around. */
function upsideDown(): Backend {
  const right = reference()
  return {
    ...right,
    name: 'upside-down',
    async compile(model, options) {
      const executor = await right.compile(model, options)
      return {
        ...executor,
        backend: 'upside-down',
        async run(inputs, runOptions) {
          const outputs = await executor.run(inputs, runOptions)
          return Object.fromEntries(
            Object.entries(outputs).map(([name, output]) => [
              name,
              { ...output, data: output.data.map((value) => -value) },
            ]),
          )
        },
      }
    },
  }
}

describe('the choice of a backend', () => {
  it('the example of the README falls back where there is no GPU', async () => {
    const refusals: Refusal[] = []
    await using classifier = await open(weights, (refusal) => refusals.push(refusal))
    expect(classifier.backend).toBe('wasm')
    expect(refusals).toEqual([
      { backend: 'webgpu', reason: expect.stringContaining('install the package webgpu') },
    ])
    expect((await classifier.classify(trousers, { topK: 1 }))[0]?.label).toBe('Trouser')
  })

  it('takes one backend, one factory, or a list of both; later ones are not made', async () => {
    const later = vi.fn(wasm)
    for (const backend of [
      wasm(),
      wasm,
      async () => wasm(),
      [webgpu(), wasm(), later],
      [webgpu, wasm, later],
    ]) {
      await using classifier = await createClassifier({ model: weights, backend })
      expect(classifier.backend).toBe('wasm')
    }
    expect(later).not.toHaveBeenCalled()
  })

  it('lists every refusal where nothing runs', async () => {
    const missing = async (): Promise<Backend> => Promise.reject(new Error('Cannot find package "mine"'))
    await expect(createClassifier({ model: weights, backend: [webgpu, missing] })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /no backend can run model .* on this machine:\n {2}webgpu: Node has no WebGPU.*\n {2}missing: cannot be loaded: Cannot find package "mine"$/,
      ),
    })
  })

  it('with verify passes over a backend that computes wrongly, and without trusts it', async () => {
    const refusals: Refusal[] = []
    const onRefusal = (refusal: Refusal): void => void refusals.push(refusal)
    const backend = [upsideDown(), wasm()]
    await using checked = await createClassifier({ model: tinyModel, backend, verify: true, onRefusal })
    expect(checked.backend).toBe('wasm')
    expect(refusals).toEqual([
      {
        backend: 'upside-down',
        reason: expect.stringMatching(
          /computes node ".+" of model ".+" wrongly, off by up to .+ where .+ is allowed/,
        ),
      },
    ])
    await using trusted = await createClassifier({ model: tinyModel, backend })
    expect(trusted.backend).toBe('upside-down')
    await expect(
      createClassifier({ model: tinyModel, backend: upsideDown, verify: true }),
    ).rejects.toMatchObject({ code: 'wrong-result' })
  })
})
