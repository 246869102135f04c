import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClassifier } from '@mobileone/sdk'
import { lacking, readGolden } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { cameraNames } from '../src/site/ui/camera-names.ts'
import { frameFigures } from '../src/site/views/classify/frame-rate.ts'
import { between, middleOf, moved, resized, seenPart } from '../src/site/views/classify/region.ts'
import { clothesSamples, samplesFor, thingsSamples } from '../src/site/views/classify/samples.ts'

const images = fileURLToPath(new URL('../assets/images/', import.meta.url))
const drawings = fileURLToPath(new URL('../public/drawings/', import.meta.url))

describe('a region', () => {
  const size = { width: 100, height: 60 }
  it('stays within the picture and has a side of at least 8 pixels', () => {
    const region = middleOf(size)
    expect(region).toEqual({ x: 25, y: 15, width: 50, height: 30 })
    expect(moved(region, 100, -100, size)).toEqual({ ...region, x: 50, y: 0 })
    expect(resized(region, 100, -100, size)).toEqual({ ...region, width: 75, height: 8 })
    expect(between([90, 10], [-5, 70], size)).toEqual({ x: 0, y: 10, width: 90, height: 50 })
    expect(between([10, 10], [12, 50], size)).toBeUndefined()
  })

  it('is seen as far as the fit lets it', () => {
    const rule = { size: [28, 28], resize: 28, interpolation: 'bilinear', mean: [0], std: [1] } as const
    const centre = { ...rule, resize: 56 }
    const region = { x: 10, y: 20, width: 40, height: 20 }
    expect(seenPart(size, rule, {})).toEqual({
      x: expect.closeTo(20, -1),
      y: 0,
      width: expect.closeTo(60, -1),
      height: 60,
    })
    expect(seenPart(size, centre, {})).toMatchObject({ y: 15, height: 30 })
    expect(seenPart(size, rule, { fit: 'stretch' })).toBeUndefined()
    expect(seenPart(size, rule, { fit: 'letterbox' })).toBeUndefined()
    expect(seenPart(size, rule, { fit: 'letterbox', region })).toEqual(region)
    expect(seenPart(size, rule, { region })).toEqual({ x: 20, y: 20, width: 20, height: 20 })
  })
})

it('counts frames of the last second, and their mean times', () => {
  let time = 0
  const count = frameFigures(() => time)
  const times = (run: number) => ({ decode: 1, prepare: 2, run, whole: 10 })
  for (time = 0; time < 2000; time += 100) count({ dropped: 1 }, times(time < 1000 ? 99 : 4))
  expect(count({ dropped: 0 }, times(4))).toEqual({ fps: 10, dropped: 20, times: times(4) })
})

it('names cameras as people do', () => {
  const labels = [
    'camera2 1, facing front',
    'camera2 0, facing back',
    'camera2 2, facing back',
    'Webcam (046d:0825)',
    '',
  ]
  expect(cameraNames(labels.map((label) => ({ label })))).toEqual([
    'Front camera',
    'Rear camera',
    'Rear camera 2',
    'Webcam',
    'Camera 5',
  ])
})

it('has samples for the embedded model and for those of ImageNet', async () => {
  const names = (all: typeof clothesSamples) =>
    all.pictures.map(({ address }) => address.replace(/.*\//, '')).sort()
  expect(names(clothesSamples)).toEqual((await readdir(images)).sort())
  expect(names(thingsSamples)).toEqual((await readdir(drawings)).sort())
  expect(samplesFor('fashion-mnist', undefined)).toBe(clothesSamples)
  expect(samplesFor('s0', undefined)).toBe(thingsSamples)
  expect(samplesFor('file', 1000)).toBe(thingsSamples)
  expect(samplesFor('file', 3)).toBe(clothesSamples)
})

it.skipIf(lacking('golden'))(
  'has drawings that the real S0 takes for what they show',
  async () => {
    await using classifier = await createClassifier({ model: readGolden('mobileone_s0_unfused.pth.tar') })
    const files = thingsSamples.pictures.map(({ address }) => join(drawings, address.replace(/.*\//, '')))
    const found = await classifier.classify(files, { topK: 1 })
    expect(found.map(([best]) => best?.label)).toEqual(thingsSamples.pictures.map(({ label }) => label))
  },
  60_000,
)
