/** Runs in a browser: batches made by workers and on the page's own thread, and the differences. */
import { batchSource, pictureDataset } from '../src/index.ts'

const names = ['rgb.png', 'grey.jpg', 'rgb.webp', 'orientation-6.jpg', 'rgba.png']

async function readBatches(workers: number, pictures: readonly (string | Blob)[]): Promise<number[][]> {
  const dataset = pictureDataset(
    pictures,
    pictures.map((_, i) => i % 2),
    ['even', 'odd'],
  )
  const source = batchSource(dataset, {
    preprocess: {
      size: [12, 12],
      resize: 12,
      interpolation: 'bilinear',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    },
    augmentation: {
      crop: { kind: 'randomResized', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
      flip: true,
      autoAugment: true,
    },
    dropLast: false,
    workers,
  })
  const batches: number[][] = []
  try {
    const request = { epoch: 0, seed: 1, batchSize: 2, size: [16, 20], strength: 1 } as const
    for await (const { images } of source.batches(request)) batches.push([...images])
  } finally {
    await source.dispose?.()
  }
  return batches
}

async function compare(): Promise<{ inline: number[][]; addresses: number[][]; blobs: number[][] }> {
  const addresses = names.map((name) => `images/${name}`)
  const blobs = await Promise.all(addresses.map(async (address) => (await fetch(address)).blob()))
  return {
    inline: await readBatches(0, blobs),
    addresses: await readBatches(2, addresses),
    blobs: await readBatches(1, blobs),
  }
}

async function failOn(address: string): Promise<string> {
  return readBatches(1, [address, address]).then(
    () => 'no error',
    (error) => `${error.code}: ${error.message}`,
  )
}

Object.assign(globalThis, { compare, failOn })
