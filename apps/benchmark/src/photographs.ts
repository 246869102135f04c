/** Labelled photographs of ImageNet's classes: some to find the steps of int8 on, the others to count right answers on. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MobileOneError, type Preprocess } from '@mobileone/core'
import type { LabelledInput } from '@mobileone/measure'
import { preprocess } from '@mobileone/vision'
import { imagenetSynsets } from '@mobileone/vision/imagenet'

/** Photographs as a network takes them. */
export interface PhotographSet {
  readonly calibration: readonly Float32Array[]
  /** None of them is in `calibration`. */
  readonly tested: readonly LabelledInput[]
}

const calibrated = 16
const picture = /\.(jpe?g|png|webp)$/i

/**
 * The photographs in and under `folder`, prepared by `rule`: 16 that are spread over it, and up to `most` others. The class of each is the
 * synset that its name, or that of its folder, begins with.
 * @throws MobileOneError `invalid-file` for a folder that cannot be read, with fewer than 32 photographs, or naming one without a class.
 */
export async function openPhotographs(
  folder: string,
  rule: Preprocess,
  most: number = Number.POSITIVE_INFINITY,
): Promise<PhotographSet> {
  const files = filesOf(folder)
  if (files.length < 2 * calibrated) {
    throw new MobileOneError(
      'invalid-file',
      `${folder} has ${files.length} photographs, and at least ${2 * calibrated} are needed: ${calibrated} to find the steps of int8 on, others to test`,
    )
  }
  const step = Math.floor(files.length / calibrated)
  const isCalibration = (index: number): boolean => index % step === 0 && index / step < calibrated
  const others = files.filter((_, index) => !isCalibration(index))
  const stride = Math.max(1, Math.floor(others.length / most))
  const tested = others.filter((_, index) => index % stride === 0).slice(0, most)
  const prepare = async (file: string): Promise<Float32Array> =>
    (await preprocess(new Uint8Array(readFileSync(file)), rule, { orientation: 'ignore' })).data
  const calibration: Float32Array[] = []
  for (const file of files.filter((_, index) => isCalibration(index))) calibration.push(await prepare(file))
  const labelled: LabelledInput[] = []
  for (const file of tested) labelled.push({ input: await prepare(file), label: labelOf(file) })
  return { calibration, tested: labelled }
}

function filesOf(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    return names
      .filter((name) => picture.test(name))
      .sort()
      .map((name) => join(folder, name))
  } catch (cause) {
    throw new MobileOneError(
      'invalid-file',
      `cannot read the folder ${folder}: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

function labelOf(file: string): number {
  for (const name of [basename(file), basename(join(file, '..'))]) {
    const label = imagenetSynsets.indexOf(/^n\d{8}/.exec(name)?.[0] ?? '')
    if (label >= 0) return label
  }
  throw new MobileOneError(
    'invalid-file',
    `the class of ${file} is unknown: begin its name, or that of its folder, with the synset, such as n01443537`,
  )
}
