import { stat } from 'node:fs/promises'
import type { Model } from '@mobileone/core'
import type { CoreMLDescription, CoreMLSource } from '@mobileone/coreml'
import { UsageError } from './command.ts'

/**
 * The Core ML file at `source`, undefined where the name and the place speak of none. A package is a folder; a zipped one and an
 * `.mlmodel` are files, and come through `fetchBytes`.
 */
export async function openCoreML(
  source: string,
  flags: { readonly sha256?: string | undefined },
  fetchBytes: () => Promise<Uint8Array>,
): Promise<CoreMLSource | undefined> {
  const isFolder = (await stat(source).catch(() => undefined))?.isDirectory() ?? false
  if (isFolder) {
    if (flags.sha256 !== undefined) throw new UsageError(`--sha256 is of one file; ${source} is a folder`)
    const { readPackage } = await import('@mobileone/coreml/node')
    return readPackage(source)
  }
  const path = /^https?:/.test(source) ? new URL(source).pathname : source
  return /\.(mlpackage|mlpackage\.zip|mlmodel)$/.test(path) ? fetchBytes() : undefined
}

/**
 * The model in a Core ML file of either kind.
 * @throws MobileOneError `unsupported` where it holds what a model does not have, `invalid-file` for damaged files.
 */
export async function readCoreML(source: CoreMLSource, kind?: CoreMLDescription['kind']): Promise<Model> {
  const { describeCoreML, fromCoreML } = await import('@mobileone/coreml')
  if ((kind ?? describeCoreML(source).kind) === 'ML program') return fromCoreML(source)
  const { fromMLModel } = await import('@mobileone/coreml/mlmodel')
  return fromMLModel(source)
}
