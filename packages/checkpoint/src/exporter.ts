import type { Exporter } from '@mobileone/core'
import { namings } from './naming/namings.ts'
import { type ToSafetensorsOptions, toSafetensors } from './to-safetensors.ts'

/** The safetensors exporter: `toSafetensors` behind the exporter contract. */
export function safetensors(): Exporter<ToSafetensorsOptions> {
  return {
    specVersion: 1,
    format: 'safetensors',
    endings: ['.safetensors'],
    description: 'weights and card for this project, timm and other programs in Python',
    options: {
      naming: {
        kind: 'choice',
        choices: Object.keys(namings),
        default: 'canonical',
        description: 'Whose names the weights get',
      },
      storage: {
        kind: 'choice',
        choices: ['float32', 'float16', 'int8'],
        description:
          'How numbers are stored; default float32, and int8 for a model in the int8 form, which alone can have it',
      },
      graph: {
        kind: 'switch',
        description: 'Write the nodes too, as is done of itself for other networks than MobileOne',
      },
      metadata: { kind: 'object', flag: false, description: 'Further entries of the metadata' },
    },
    export: (model, options, fileName = `${model.name}.safetensors`) => [
      { path: fileName, bytes: toSafetensors(model, options) },
    ],
  }
}
