import { MobileOneError } from '@mobileone/core'
import { type Zippable, zipSync } from 'fflate'

/** A `.mlpackage`: the files of the folder, by their path in it. */
export interface CoreMLPackage {
  /** Of the folder, without `.mlpackage`. */
  readonly name: string
  readonly files: Readonly<Record<string, Uint8Array>>
}

/** The moment every zip entry carries, so that equal packages are equal bytes: the first that the format can say. */
const zipTime = new Date(1980, 0, 1)

/** The package as one zip file, stored without compression, with the folder `<name>.mlpackage` as its top entry. */
export function zipPackage(from: CoreMLPackage): Uint8Array {
  const entries: Zippable = {}
  for (const [path, bytes] of Object.entries(from.files)) {
    entries[`${from.name}.mlpackage/${path}`] = [bytes, { level: 0, mtime: zipTime }]
  }
  return zipSync(entries)
}

/** The part of `FileSystemDirectoryHandle` that writing needs. */
export interface DirectoryHandle {
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<DirectoryHandle>
  getFileHandle(
    name: string,
    options: { create: boolean },
  ): Promise<{
    createWritable(): Promise<{ write(data: Uint8Array<ArrayBuffer>): Promise<void>; close(): Promise<void> }>
  }>
}

/**
 * Write the folder `<name>.mlpackage` into a directory that the user chose in a browser (`showDirectoryPicker`).
 * @throws MobileOneError `invalid-argument` for a file whose path ends in no name.
 */
export async function writePackageTo(directory: DirectoryHandle, from: CoreMLPackage): Promise<void> {
  const top = await directory.getDirectoryHandle(`${from.name}.mlpackage`, { create: true })
  for (const [path, bytes] of Object.entries(from.files)) {
    const parts = path.split('/')
    const file = parts.pop()
    if (file === undefined || file === '') {
      throw new MobileOneError(
        'invalid-argument',
        `the package "${from.name}" has a file with the path "${path}"`,
      )
    }
    let folder = top
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true })
    const stream = await (await folder.getFileHandle(file, { create: true })).createWritable()
    await stream.write(bytes as Uint8Array<ArrayBuffer>)
    await stream.close()
  }
}

export const modelPath = 'Data/com.apple.CoreML/model.mlmodel'
export const weightsPath = 'Data/com.apple.CoreML/weights/weight.bin'
export const manifestPath = 'Manifest.json'
