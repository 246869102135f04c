import { balance, batchSource, measureMeanStd, split } from '@mobileone/train'
import { imageFolder } from '@mobileone/train/node'

const pictures = await imageFolder('flowers')
const [validation, rest] = split(pictures, { fraction: 0.1, seed: 0, balanced: true })
const training = balance(rest, { seed: 0 })
const { mean, std } = await measureMeanStd(training, { limit: 5000 })
const preprocess = { size: [224, 224], resize: 256, interpolation: 'bilinear', mean, std } as const

const trainingBatches = batchSource(training, {
  preprocess,
  augmentation: {
    crop: { kind: 'randomResized', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
    flip: true,
    autoAugment: true,
  },
})
const validationBatches = batchSource(validation, { preprocess })
console.log(trainingBatches.examples, validationBatches.examples)
