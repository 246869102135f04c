import { MobileOneError } from '@mobileone/core'
import type { CoreMLPackage } from '../package.ts'
import { decodeModelFile, type ModelFile } from './decode-model-file.ts'
import { limits } from './limits.ts'
import { unzip } from './unzip.ts'

/** A package, the bytes of a zipped package, or the bytes of an `.mlmodel` file. */
export type CoreMLSource = CoreMLPackage | Uint8Array

/** A decoded model with the files beside it, by the name under which programs know them. */
export interface OpenedModel extends ModelFile {
  readonly weights: (file: string) => Uint8Array
  /** Bytes of all that was given, which limit what is made of it. */
  readonly size: number
}

/** @throws MobileOneError `invalid-file` naming what is damaged, `unsupported` for other kinds of Core ML model. */
export function openModel(source: CoreMLSource): OpenedModel {
  if (source instanceof Uint8Array) {
    if (source[0] === 0x50 && source[1] === 0x4b) return openZip(source)
    return {
      ...decodeModelFile(source),
      weights: (file) => fail(`a single model file has no file "${file}"`),
      size: source.length,
    }
  }
  const size = Object.values(source.files).reduce((sum, { length }) => sum + length, 0)
  return openPackage(new Map(Object.entries(source.files)), size)
}

function fail(message: string, options?: { cause: unknown }): never {
  throw new MobileOneError('invalid-file', `not a readable Core ML package: ${message}`, options)
}

function openZip(bytes: Uint8Array): OpenedModel {
  const files = unzip(bytes, (name) => !name.startsWith('__MACOSX/'))
  const manifest = [...files.keys()].find((name) => /(^|\.mlpackage\/)Manifest\.json$/.test(name))
  if (manifest === undefined) return fail('there is no Manifest.json in the zip file')
  const top = manifest.slice(0, -'Manifest.json'.length)
  const inside = [...files].filter(([name]) => name.startsWith(top))
  return openPackage(new Map(inside.map(([name, data]) => [name.slice(top.length), data])), bytes.length)
}

function openPackage(files: ReadonlyMap<string, Uint8Array>, size: number): OpenedModel {
  const path = `Data/${rootPath(files.get('Manifest.json') ?? fail('there is no Manifest.json'))}`
  const bytes = files.get(path) ?? fail(`Manifest.json names ${path}, which is not there`)
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return {
    ...decodeModelFile(bytes),
    size,
    weights(file) {
      const relative = file.replace(/^@model_path\//, '')
      return files.get(folder + relative) ?? fail(`the program reads ${file}, which is not in the package`)
    },
  }
}

/** Path of the specification below `Data`, as the manifest gives it. */
function rootPath(bytes: Uint8Array): string {
  if (bytes.length > limits.manifestBytes)
    fail(`Manifest.json has ${bytes.length} bytes, where at most ${limits.manifestBytes} belong`)
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
