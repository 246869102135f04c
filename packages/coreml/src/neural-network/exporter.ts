import type { Exporter } from '@mobileone/core'
import { swiftFile } from '../swift/swift-file.ts'
import { exporterOptions } from '../write/exporter-options.ts'
import { type MLModelOptions, toMLModel } from './to-mlmodel.ts'

/** What the exporter for `.mlmodel` files takes. */
export interface MLModelExportOptions extends MLModelOptions {
  /** Also write `<name>.swift`, the text of `toSwift`. */
  readonly swift?: boolean
}

const ending = '.mlmodel'

/** The exporter of the single-file form: `toMLModel` behind the exporter contract. */
export function mlmodel(): Exporter<MLModelExportOptions> {
  return {
    specVersion: 1,
    format: 'mlmodel',
    endings: [ending],
    description: 'the older Core ML file; iOS 13 and newer; never run on Apple hardware',
    readsCard: true,
    options: {
      weights: {
        kind: 'choice',
        flag: 'precision',
        choices: ['float32', 'float16'],
        default: 'float32',
        description: 'How weights are stored; Core ML chooses the precision it computes in',
      },
      ...exporterOptions,
    },
    notes({ weights }) {
      const isInt8 = Object.values(weights).some(({ dtype }) => dtype === 'int8')
      return isInt8
        ? [
            'a .mlmodel holds the int8 weights as floats, four or two bytes each; a .mlpackage keeps them int8',
          ]
        : []
    },
    export(model, { swift = false, ...options } = {}, fileName = `${model.name}${ending}`) {
      const bytes = toMLModel(model, options)
      const beside = swift ? [swiftFile(model, options, fileName.slice(0, -ending.length))] : []
      return [{ path: fileName, bytes }, ...beside]
    },
  }
}
