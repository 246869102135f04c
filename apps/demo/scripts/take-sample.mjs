/**
 * A small part of Fashion-MNIST for the page: `node apps/demo/scripts/take-sample.mjs` reads Debian's package
 * `dataset-fashion-mnist` and writes assets/fashion-mnist-sample, the first 200 training and 50 test images of each class, as IDX files
 * compressed with gzip. Not `.gz`: a server takes such a file for the compressed form of another.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { readIdx } from '@mobileone/vision'

const source = process.argv[2] ?? '/usr/share/datasets/fashion-mnist'
const target = new URL('../assets/fashion-mnist-sample/', import.meta.url)
const classes = 10
mkdirSync(target, { recursive: true })

for (const [prefix, perClass] of [
  ['train', 200],
  ['t10k', 50],
]) {
  const images = await readIdx(readFileSync(`${source}/${prefix}-images-idx3-ubyte.gz`))
  const labels = await readIdx(readFileSync(`${source}/${prefix}-labels-idx1-ubyte.gz`))
  const taken = new Array(classes).fill(0)
  const indices = [...labels.data.keys()].filter((index) => taken[labels.data[index]]++ < perClass)
  const [, height, width] = images.shape
  const area = height * width
  write(`${prefix}-images.idx`, [indices.length, height, width], (to) => {
    for (const [place, index] of indices.entries())
      to.set(images.data.subarray(index * area, (index + 1) * area), place * area)
  })
  write(`${prefix}-labels.idx`, [indices.length], (to) => {
    to.set(indices.map((index) => labels.data[index]))
  })
}

function write(name, shape, fill) {
  const head = 4 + 4 * shape.length
  const bytes = new Uint8Array(head + shape.reduce((product, size) => product * size, 1))
  const view = new DataView(bytes.buffer)
  view.setUint16(2, 0x0800 + shape.length)
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size)
  fill(bytes.subarray(head))
  const packed = gzipSync(bytes, { level: 9 })
  writeFileSync(new URL(name, target), packed)
  process.stdout.write(`${name} ${shape.join(' x ')}: ${packed.length} bytes\n`)
}
