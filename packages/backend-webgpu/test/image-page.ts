import { isMobileOneError, type Preprocess, random, tensor } from '@mobileone/core'
import { toTensor } from '@mobileone/vision'
import { webgpu } from '../src/index.ts'
import { model } from './models.ts'

interface Trial {
  readonly name: string
  readonly size: readonly [width: number, height: number]
  readonly rule: Preprocess
}

const rgb = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const trials: readonly Trial[] = [
  { name: 'shrunk', size: [97, 61], rule: { size: [32, 28], resize: 34, interpolation: 'bilinear', ...rgb } },
  {
    name: 'upright',
    size: [50, 121],
    rule: { size: [32, 32], resize: 37, interpolation: 'bilinear', ...rgb },
  },
  { name: 'cubic', size: [97, 61], rule: { size: [32, 28], resize: 34, interpolation: 'bicubic', ...rgb } },
  {
    name: 'enlarged',
    size: [19, 15],
    rule: { size: [32, 32], resize: 40, interpolation: 'bilinear', ...rgb },
  },
  {
    name: 'larger crop',
    size: [80, 70],
    rule: { size: [32, 32], resize: 20, interpolation: 'bilinear', ...rgb },
  },
  {
    name: 'grey',
    size: [64, 64],
    rule: { size: [28, 28], resize: 28, interpolation: 'bilinear', mean: [0.5], std: [0.5] },
  },
]

/** The largest difference from the CPU's preprocessing, in steps of an 8-bit channel, by kind of source. */
async function compare({ size: [width, height], rule }: Trial): Promise<Readonly<Record<string, number>>> {
  const source = random(3)
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')!
  const image = context.createImageData(width, height)
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = data[3 * i + c] = source.integer(0, 255)
    image.data[4 * i + 3] = 255
  }
  context.putImageData(image, 0, 0)
  const wanted = toTensor([{ width, height, channels: 3, data }], rule)

  const shape = [1, rule.mean.length, ...rule.size]
  const base = model(shape, [{ op: 'relu', name: 'relu', inputs: ['x'] }])
  const executor = await webgpu().compile({ ...base, outputs: { x: 'x', relu: 'relu' } })
  const sources = { canvas, bitmap: await createImageBitmap(image), data: image }
  const result: Record<string, number> = {}
  for (const [name, each] of Object.entries(sources)) {
    const [outputs] = await Promise.all([
      executor.runImage(each, rule),
      executor.run({ x: tensor(shape) }),
      executor.runImage(each, rule),
    ])
    const steps = outputs.x!.data.map((value, i) => Math.abs(value - wanted.data[i]!) * 255 * rule.std[0]!)
    result[name] = Math.max(...steps)
  }
  await executor.dispose()
  return result
}

/** The code with which a video frame is refused, or `ran`; the executor must be of use afterwards. */
async function runFrame(): Promise<string> {
  const [{ rule, size }] = trials as [Trial]
  const canvas = new OffscreenCanvas(...size)
  canvas.getContext('2d')!.fillRect(0, 0, ...size)
  const given = model([1, 3, ...rule.size], [{ op: 'relu', name: 'relu', inputs: ['x'] }])
  const executor = await webgpu().compile(given)
  const frame = new VideoFrame(canvas, { timestamp: 0 })
  try {
    return await executor.runImage(frame, rule).then(
      () => 'ran',
      (error: unknown) => (isMobileOneError(error) ? error.code : String(error)),
    )
  } finally {
    frame.close()
    await executor.runImage(canvas, rule)
    await executor.dispose()
  }
}

Object.assign(globalThis, {
  runFrame,
  compareImages: async () =>
    Object.fromEntries(await Promise.all(trials.map(async (trial) => [trial.name, await compare(trial)]))),
})
