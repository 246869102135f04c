/** What is measured: networks with the reference's answers, in int8 too where that is asked for. */
import { existsSync } from 'node:fs'
import {
  floatWeights,
  hasInt8Weights,
  MobileOneError,
  type Model,
  type OnProgress,
  throwIfAborted,
  type Variant,
  variants,
} from '@mobileone/core'
import { prepareSubject, randomDeployModel, type Subject } from '@mobileone/measure'
import { loadDeployModel } from '@mobileone/sdk'
import { goldenPath, imagenetRule } from '@mobileone/testkit'
import { int8Form } from './int8-form.ts'
import { openPhotographs, type PhotographSet } from './photographs.ts'

/** A network, made when its turn comes. */
export interface NetworkSource {
  /** Its name in reports. */
  readonly variant: string
  make(): Model | Promise<Model>
  /** A folder of labelled photographs, on which its int8 form is calibrated and all are tested. */
  readonly photographs?: string | undefined
  /** Test on so many of them. */
  readonly most?: number | undefined
}

/** The reference data, where it lies beside the repository. */
const realS0 = goldenPath('mobileone_s0.pth.tar')
const realPhotographs = goldenPath('imagenet-sample')
const quickPhotographs = 50

/** The photographs that an int8 run tests on where nobody names others; undefined where there are none. */
export function knownPhotographs(): string | undefined {
  return existsSync(realPhotographs) ? realPhotographs : undefined
}

/** The variants `names`: with random weights, but S0 in an int8 run with real ones and photographs, where the reference data has them. */
export function variantSources(
  names: readonly Variant[],
  { int8 = false, quick = false }: { readonly int8?: boolean; readonly quick?: boolean } = {},
): NetworkSource[] {
  return names.map((variant) =>
    int8 && variant === 's0' && existsSync(realS0)
      ? {
          variant,
          make: () => loadDeployModel(realS0),
          photographs: knownPhotographs(),
          most: quick ? quickPhotographs : undefined,
        }
      : { variant, make: () => randomDeployModel(variants[variant]) },
  )
}

/** Real weights: the variant they are of gives the name. */
export function fileSource(
  path: string,
  {
    photographs,
    quick = false,
  }: { readonly photographs?: string | undefined; readonly quick?: boolean } = {},
): NetworkSource {
  return {
    variant: /s[0-4](?=[^/\\]*$)/.exec(path)?.[0] ?? 'weights',
    make: () => loadDeployModel(path),
    photographs,
    most: quick ? quickPhotographs : undefined,
  }
}

interface PrepareOptions {
  /** With the int8 form. */
  readonly int8: boolean
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The network with the reference's answer. With the int8 form: quantised on 16 photographs, or on noise where it has none, which is as
 * fast; a network that is in int8 already is its own int8 form, and its float form has the weights that the integers stand for.
 * @throws MobileOneError what reading the network and its photographs throws; `unsupported` for photographs of another network than
 * one of ImageNet's classes.
 */
export async function prepareNetwork(
  { variant, make, photographs, most }: NetworkSource,
  { int8, onProgress, signal }: PrepareOptions,
): Promise<Subject> {
  onProgress?.({ phase: `${variant}: load`, done: 0 })
  const given = await make()
  const isInt8 = hasInt8Weights(given)
  const pictures = await picturesOf(given, photographs, most)
  const float = int8 && isInt8 ? { ...given, weights: floatWeights(given) } : given
  const tested = pictures && { photographs: pictures.tested }
  onProgress?.({ phase: `${variant}: reference`, done: 0 })
  const subject = {
    ...(await prepareSubject(variant, float, signal, pictures?.tested[0]?.input)),
    ...tested,
  }
  if (!int8) return subject
  onProgress?.({ phase: `${variant}: int8`, done: 0 })
  throwIfAborted(signal, 'the benchmark')
  const model = isInt8 ? given : await int8Form(float, { samples: pictures?.calibration, signal })
  const inInt8 = await prepareSubject(`${variant}-int8`, model, signal, subject.input.data as Float32Array)
  return { ...subject, int8: { ...inInt8, ...tested } }
}

async function picturesOf(
  { name, outputs, inputs, card }: Model,
  folder: string | undefined,
  most: number | undefined,
): Promise<PhotographSet | undefined> {
  if (folder === undefined) return undefined
  const [[, { shape }] = ['', { shape: [] }]] = Object.entries(inputs)
  if (Object.keys(outputs).length !== 1 || shape.length !== 4 || shape[0] !== 1 || shape[1] !== 3) {
    throw new MobileOneError('unsupported', `the network ${name} takes no photograph: ${shape.join(' x ')}`)
  }
  const rule = card?.preprocess ?? {
    ...imagenetRule,
    size: [shape[2] as number, shape[3] as number] as const,
  }
  return openPhotographs(folder, rule, most)
}
