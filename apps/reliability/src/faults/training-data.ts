/** A training of seconds, and what is left of it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { random } from '@mobileone/core'
import { readTrainingCheckpoint } from '@mobileone/train'
import { bytesOf, must } from './fault.ts'

const stage = (channels: number) => ({ blocks: 1, channels, stride: 2, branches: 2, squeezeExcite: 0 })
const network = {
  name: 'tiny',
  input: { channels: 1, size: [28, 28] },
  stem: { channels: 8, stride: 2, branches: 1 },
  stages: [stage(8), stage(16)],
  classes: 4,
}

/** What `mobileone` takes, but for the output. */
export const trainArguments = [
  'train',
  '--dataset',
  'data',
  '--network',
  'tiny.json',
  '--recipe',
  'fashion-mnist',
  '--batch-size',
  '16',
  '--epochs',
  '3',
  '--workers',
  '1',
]

export const checkpointName = 'out.safetensors.checkpoint'

/** Grey images whose class is the half or quarter that is bright, as IDX files in `data`, and the network. */
export async function writeTrainingData(folder: string): Promise<void> {
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'tiny.json'), JSON.stringify(network))
  for (const [prefix, count] of [['train', 160] as const, ['t10k', 32] as const]) {
    const source = random(count)
    const pixels = new Uint8Array(count * 784)
    for (let index = 0; index < pixels.length; index++) {
      const [row, column] = [Math.floor((index % 784) / 28), index % 28]
      const isBright = [row < 14, row >= 14, column < 14, column >= 14][Math.floor(index / 784) % 4]
      pixels[index] = (isBright ? 150 : 50) + source.integer(0, 60)
    }
    const labels = Uint8Array.from({ length: count }, (_, index) => index % 4)
    const path = (name: string): string => join(folder, 'data', `${prefix}-${name}-ubyte`)
    await writeFile(path('images-idx3'), Buffer.concat([header(count, 28, 28), pixels]))
    await writeFile(path('labels-idx1'), Buffer.concat([header(count), labels]))
  }
}

function header(...sizes: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * sizes.length)
  bytes.set([0, 0, 8, sizes.length])
  for (const [axis, size] of sizes.entries()) bytes.writeUInt32BE(size, 4 + 4 * axis)
  return bytes
}

/** The step of the checkpoint at `path`. @throws Error where it is not whole. */
export async function readableStep(path: string): Promise<number> {
  const bytes = await bytesOf(path)
  must(bytes !== undefined, `there is no ${path}`)
  return (await readTrainingCheckpoint(bytes)).step
}
