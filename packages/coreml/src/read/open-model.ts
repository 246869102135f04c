import { MobileOneError } from '@mobileone/core'
import { unzipSync } from 'fflate'
import type { CoreMLPackage } from '../package.ts'
import { decodeModelFile, type ModelFile } from './decode-model-file.ts'

/** A package, the bytes of a zipped package, or the bytes of an `.mlmodel` file. */
export type CoreMLSource = CoreMLPackage | Uint8Array

/** A decoded model with the files beside it, by the name under which programs know them. */
export interface OpenedModel extends ModelFile {
  readonly weights: (file: string) => Uint8Array
}

/** Zip files whose contents claim to be larger than this are refused: S4 in float32 takes 60 MB. */
const maxUnpacked = 1 << 30

/** @throws MobileOneError `invalid-file` naming what is damaged, `unsupported` for other kinds of Core ML model. */
export function openModel(source: CoreMLSource): OpenedModel {
  if (source instanceof Uint8Array) {
    if (source[0] === 0x50 && source[1] === 0x4b) return openPackage(unzip(source))
    return {
      ...decodeModelFile(source),
      weights: (file) => fail(`a single model file has no file "${file}"`),
    }
  }
  return openPackage(new Map(Object.entries(source.files)))
}

function fail(message: string, options?: { cause: unknown }): never {
  throw new MobileOneError('invalid-file', `not a readable Core ML package: ${message}`, options)
}

function unzip(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  let total = 0
  let files: Record<string, Uint8Array>
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize, size }) => {
        if (name.endsWith('/') || name.startsWith('__MACOSX/')) return false
        total += originalSize
        // Deflate never shrinks by more than 1032 times.
        if (total > maxUnpacked || originalSize > (size + 16) * 1032)
          throw new RangeError(`"${name}" claims ${originalSize} bytes`)
        return true
      },
    })
  } catch (cause) {
    return fail(`the zip file is damaged (${(cause as Error).message})`, { cause })
  }
  const manifest = Object.keys(files).find((name) => /(^|\.mlpackage\/)Manifest\.json$/.test(name))
  if (manifest === undefined) return fail('there is no Manifest.json in the zip file')
  const top = manifest.slice(0, -'Manifest.json'.length)
  return new Map(
    Object.entries(files).flatMap(([name, data]) =>
      name.startsWith(top) ? [[name.slice(top.length), data]] : [],
    ),
  )
}

function openPackage(files: ReadonlyMap<string, Uint8Array>): OpenedModel {
  const path = `Data/${rootPath(files.get('Manifest.json') ?? fail('there is no Manifest.json'))}`
  const bytes = files.get(path) ?? fail(`Manifest.json names ${path}, which is not there`)
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return {
    ...decodeModelFile(bytes),
    weights(file) {
      const relative = file.replace(/^@model_path\//, '')
      return files.get(folder + relative) ?? fail(`the program reads ${file}, which is not in the package`)
    },
  }
}

/** Path of the specification below `Data`, as the manifest gives it. */
function rootPath(bytes: Uint8Array): string {
  let manifest: unknown
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    return fail('Manifest.json is not JSON', { cause })
  }
  const { rootModelIdentifier, itemInfoEntries } = (manifest ?? {}) as Record<string, unknown>
  if (
    typeof rootModelIdentifier !== 'string' ||
    typeof itemInfoEntries !== 'object' ||
    itemInfoEntries === null
  ) {
    return fail('Manifest.json has no rootModelIdentifier or no itemInfoEntries')
  }
  const entry = Object.hasOwn(itemInfoEntries, rootModelIdentifier)
    ? (itemInfoEntries as Record<string, unknown>)[rootModelIdentifier]
    : undefined
  const path = (entry as { path?: unknown } | undefined)?.path
  return typeof path === 'string' ? path : fail('Manifest.json has no path for its root model')
}
