import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { conformance, type Golden, runCases, tokenExceptions } from '@mobileone/conformance'
import { tensor } from '@mobileone/core'
import { webgpu } from '../src/index.ts'

const fetched = async (file: string): Promise<ArrayBuffer> => (await fetch(`/golden/${file}`)).arrayBuffer()

const s0: Golden = {
  name: 'S0',
  tolerance: 1e-4,
  async load() {
    const model = modelFromCheckpoint(readCheckpoint(new Uint8Array(await fetched('mobileone_s0.pth.tar'))))
    const [image, logits] = await Promise.all(
      ['s0-input-1x3x224x224.f32', 's0-logits-1000.f32'].map(
        async (file) => new Float32Array(await fetched(file)),
      ),
    )
    return {
      model,
      inputs: { image: tensor([1, 3, 224, 224], image!) },
      outputs: { logits: tensor([1, 1000], logits!) },
    }
  },
}

/** One device for all cases, so that equal kernels are built once. A software adapter takes tenths of a second for each. */
async function onOneDevice(): Promise<ReturnType<typeof runCases>> {
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice()
  if (!device) throw new Error('there is no adapter')
  return runCases(
    conformance(() => webgpu({ device }), { trials: 5, exceptions: tokenExceptions('not written yet') }),
    { timeout: 300_000 },
  )
}

Object.assign(globalThis, {
  suites: {
    'one device': onOneDevice,
    'own devices': () =>
      runCases(conformance(() => webgpu()).filter(({ name }) => name.startsWith('dispose: '))),
    'the real S0': () =>
      runCases(
        conformance(() => webgpu(), { golden: [s0] }).filter(({ name }) => name === 'stored outputs: S0'),
      ),
  },
})
