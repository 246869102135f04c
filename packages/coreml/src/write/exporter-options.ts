import type { ExporterOption } from '@mobileone/core'

/** The options that the exporters of both Core ML forms share, as data. */
export const exporterOptions = {
  input: {
    kind: 'choice',
    choices: ['image', 'array'],
    description: 'Take the pixels of an image and normalise them in the model, or take normalised values',
  },
  output: {
    kind: 'choice',
    flag: false,
    choices: ['classifier', 'values'],
    description: 'End in labels with probabilities, or in the outputs of the model',
  },
  embedding: { kind: 'switch', description: 'Also show the pooled features' },
  duplicateLabels: {
    kind: 'choice',
    choices: ['suffix', 'refuse'],
    default: 'suffix',
    description: 'What to do with equal labels, of which Core ML keeps one',
  },
  swift: {
    kind: 'switch',
    description: 'Write a Swift file beside it that loads the model, classifies and measures',
  },
  version: { kind: 'text', flag: false, description: 'The version that Xcode shows' },
  metadata: { kind: 'object', flag: false, description: 'Further metadata' },
} as const satisfies Record<string, ExporterOption>
