import { type Framing, isMobileOneError, type Preprocess, random, tensor } from '@mobileone/core'
import { embed, type Image, type ImageSource, normalize, resizeAndFrame, toGrey } from '@mobileone/vision'
import { webgpu } from '../src/index.ts'
import { model } from './models.ts'

interface Trial {
  readonly name: string
  readonly size: readonly [width: number, height: number]
  readonly rule: Preprocess
  readonly framing?: Framing
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
  {
    name: 'more pixels than 65535 workgroups make',
    size: [64, 48],
    rule: { size: [2049, 2050], resize: 2050, interpolation: 'bilinear', mean: [0.5], std: [0.5] },
  },
  ...Object.entries<Framing>({
    turned: { rotate: 90 },
    'upside down': { rotate: 180, fit: 'stretch' },
    'turned back and mirrored': { rotate: 270, flip: true, fit: 'letterbox' },
    'a region, mirrored': { region: { x: 11, y: 6, width: 70, height: 50 }, flip: true },
    'a region in a letterbox': {
      region: { x: 3, y: 2, width: 80, height: 31 },
      rotate: 90,
      flip: true,
      fit: 'letterbox',
    },
  }).map(([name, framing]) => ({
    name,
    framing,
    size: [97, 61] as const,
    rule: { size: [32, 28], resize: 34, interpolation: 'bilinear', ...rgb } as const,
  })),
]

/** The largest difference from the CPU's preprocessing, in steps of an 8-bit channel, by kind of source. */
async function compare({
  size: [width, height],
  rule,
  framing = {},
}: Trial): Promise<Readonly<Record<string, number>>> {
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
  const given: Image = { width, height, channels: 3, data }
  const coloured = rule.mean.length === 1 ? toGrey(given) : given
  const wanted = normalize(resizeAndFrame(coloured, rule, framing), rule)

  const shape = [1, rule.mean.length, ...rule.size]
  const base = model(shape, [{ op: 'relu', name: 'relu', inputs: ['x'] }])
  const executor = await webgpu().compile({ ...base, outputs: { x: 'x', relu: 'relu' } })
  const sources = { canvas, bitmap: await createImageBitmap(image), data: image }
  const result: Record<string, number> = {}
  for (const [name, each] of Object.entries(sources)) {
    const [outputs] = await Promise.all([
      executor.runImage(each, rule, framing),
      executor.run({ x: tensor(shape) }),
      executor.runImage(each, rule, framing),
    ])
    const steps = outputs.x!.data.map((value, i) => Math.abs(value - wanted.data[i]!) * 255 * rule.std[0]!)
    result[name] = steps.reduce((most, step) => Math.max(most, step), 0)
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

/**
 * The mean of each channel of one picture, embedded exactly and fast from every kind of source, and the runs of the device that
 * took a picture as it is.
 */
async function embedEverySource(): Promise<{
  readonly direct: Record<string, number>
  readonly largest: Record<string, number>
}> {
  const rule: Preprocess = { size: [32, 28], resize: 34, interpolation: 'bilinear', ...rgb }
  const canvas = new OffscreenCanvas(97, 61)
  const context = canvas.getContext('2d')!
  context.fillStyle = '#3080c0'
  context.fillRect(0, 0, 97, 61)
  context.fillStyle = '#f0e010'
  context.fillRect(30, 0, 20, 61)
  const element = Object.assign(document.createElement('canvas'), { width: 97, height: 61 })
  element.getContext('2d')!.drawImage(canvas, 0, 0)
  const pooled = model([1, 3, 32, 28], [{ op: 'globalAvgPool', name: 'pool', inputs: ['x'] }])
  const executor = await webgpu().compile(pooled)
  let taken = 0
  const counting = {
    ...executor,
    run: executor.run,
    runImage: async (...given: Parameters<typeof executor.runImage>) => {
      const outputs = await executor.runImage(...given)
      taken++
      return outputs
    },
  }
  const options = { preprocess: rule, region: { x: 10, y: 0, width: 80, height: 61 }, flip: true }
  const frame = new VideoFrame(canvas, { timestamp: 0 })
  const sources: Record<string, ImageSource> = {
    canvas,
    element,
    bitmap: await createImageBitmap(canvas),
    frame,
    pixels: context.getImageData(0, 0, 97, 61),
    blob: await canvas.convertToBlob(),
  }
  const direct: Record<string, number> = {}
  const largest: Record<string, number> = {}
  for (const [name, source] of Object.entries(sources)) {
    const exact = await embed(counting, source, options)
    if (taken > 0) throw new Error('an exact run went to the GPU as it is')
    const fast = await embed(counting, source, { ...options, resample: 'fast' })
    direct[name] = taken
    taken = 0
    largest[name] = Math.max(...fast.map((value, c) => Math.abs(value - exact[c]!) * 255 * rgb.std[c]!))
  }
  frame.close()
  await executor.dispose()
  return { direct, largest }
}

Object.assign(globalThis, {
  runFrame,
  embedEverySource,
  compareImages: async () =>
    Object.fromEntries(await Promise.all(trials.map(async (trial) => [trial.name, await compare(trial)]))),
})
