import type { ExportedFile, Exporter } from '@mobileone/core'
import { targets } from './mil/versions.ts'
import { zipPackage } from './package.ts'
import { swiftFile } from './swift/swift-file.ts'
import { exporterOptions } from './write/exporter-options.ts'
import type { CoreMLOptions } from './write/options.ts'
import { toCoreML } from './write/to-coreml.ts'

/** What the exporter for Core ML packages takes. */
export interface CoreMLExportOptions extends CoreMLOptions {
  /** Also write `<name>.swift`, the text of `toSwift`. */
  readonly swift?: boolean
}

const zipped = '.mlpackage.zip'
const folder = '.mlpackage'

/** The Core ML exporter: the package of `toCoreML` as one zip file, or as the folder itself. */
export function coreml(): Exporter<CoreMLExportOptions> {
  return {
    specVersion: 1,
    format: 'coreml',
    endings: [zipped, folder],
    description:
      'Core ML package for Xcode, zipped or as a folder; iOS 15 and newer; never run on Apple hardware',
    readsCard: true,
    options: {
      precision: {
        kind: 'choice',
        choices: ['float16', 'float32', 'int8'],
        description:
          'How weights are stored, float16 where not given, int8 for a model in int8; float32 never runs on the Neural Engine',
      },
      ...exporterOptions,
      target: {
        kind: 'choice',
        choices: Object.keys(targets),
        description: 'The oldest system that must load it; ios15, or ios16 for int8, where not given',
      },
    },
    export(model, { swift = false, ...options } = {}, fileName) {
      const made = toCoreML(model, options)
      const asked = fileName ?? `${made.name}${zipped}`
      const isFolder = asked.endsWith(folder)
      const stem = asked.slice(0, -(isFolder ? folder : zipped).length)
      const beside = swift ? [swiftFile(model, options, stem)] : []
      if (isFolder) {
        const [first, ...others] = Object.entries(made.files).map(([path, bytes]): ExportedFile => {
          return { path: `${asked}/${path}`, bytes }
        })
        return [first as ExportedFile, ...others, ...beside]
      }
      return [{ path: asked, bytes: zipPackage({ ...made, name: stem }) }, ...beside]
    },
  }
}
