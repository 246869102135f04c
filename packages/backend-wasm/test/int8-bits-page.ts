/** What int8/engines.test.ts runs in engines. */
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { tensor } from '@mobileone/core'
import { differences, pointwiseCases } from './int8-networks.ts'
import { type Int8Bits, type Int8Run, int8Bits, seededS0 } from './int8-s0.ts'

const seeded = seededS0()

async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer())
}

let loading: Promise<typeof seeded> | undefined

/** The real S0 in int8, and a photograph. */
async function loadReal(): Promise<typeof seeded> {
  const [file, pixels] = await Promise.all([
    bytesOf('/int8/s0.safetensors'),
    bytesOf('/golden/s0-input-1x3x224x224.f32'),
  ])
  return {
    model: modelFromCheckpoint(readCheckpoint(file)),
    inputs: { image: tensor([1, 3, 224, 224], new Float32Array(pixels.buffer)) },
  }
}

const page = {
  int8Logits: async (network: 'seeded' | 'real', run: Int8Run): Promise<Int8Bits> => {
    const { model, inputs } = network === 'seeded' ? seeded : await (loading ??= loadReal())
    return int8Bits(model, inputs, run)
  },
  /** What differs from the reference, of every `step`th layer. */
  int8Differences: (run: Int8Run, step: number): Promise<readonly string[]> =>
    differences(
      pointwiseCases().filter((_, index) => index % step === 0),
      run,
    ),
}
export type Int8BitsPage = typeof page
Object.assign(globalThis, page)
