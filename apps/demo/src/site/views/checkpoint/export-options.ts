import type { Form, FormatFacts, OpenedFacts } from './checkpoint-facts.ts'

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>

interface FormatWords {
  readonly title: string
  /** In place of what the exporter says of itself. */
  readonly about?: string
}

const words: Readonly<Record<string, FormatWords>> = {
  safetensors: { title: 'safetensors', about: 'weights for this project, timm and other programs in Python' },
  onnx: { title: 'ONNX', about: 'for ONNX Runtime and most other runtimes' },
  coreml: {
    title: 'Core ML',
    about: 'a package for Xcode, iOS 15 and newer, with the Swift code that loads it',
  },
  mlmodel: { title: 'Core ML, older', about: 'a single .mlmodel file for older systems' },
  tflite: { title: 'TFLite', about: 'for LiteRT and MediaPipe, on Android and elsewhere' },
}

export function aboutFormat(format: string): FormatWords {
  return words[format] ?? { title: format }
}

/** What is set before the visitor sets anything: the exporter's own defaults, and the Swift file. */
export function startOptions({ options }: FormatFacts): OptionValues {
  return Object.fromEntries(
    options.flatMap((option): [string, string | boolean][] => {
      if (option.kind === 'choice' && option.default !== undefined) return [[option.name, option.default]]
      return option.name === 'swift' ? [['swift', true]] : []
    }),
  )
}

/** Forms in which `format` may be written. Programs that run a model have no use for branches. */
export function formsOf(
  { format }: FormatFacts,
  { trained, isInt8 }: Pick<OpenedFacts, 'trained' | 'isInt8'>,
): readonly Form[] {
  if (format !== 'safetensors' && format !== 'onnx') return ['folded']
  return ['folded', ...(trained ? (['trained'] as const) : []), ...(isInt8 ? [] : (['int8'] as const))]
}

export const formTitles: Readonly<Record<Form, string>> = {
  folded: 'folded, as it runs',
  trained: 'as trained, with branches',
  int8: 'int8: a quarter of the size',
}

/** Options of `format` that are asked of the visitor: int8 is a storage of its own. */
export function optionsOf({ options }: FormatFacts, form: Form): FormatFacts['options'] {
  return form === 'int8' ? options.filter(({ name }) => name !== 'storage') : options
}

/** Values of a choice with their titles; `''` leaves it to the exporter. */
export function choicesOf(
  option: FormatFacts['options'][number],
): readonly (readonly [value: string, title: string])[] {
  if (option.kind !== 'choice') return []
  const own = option.choices.map((choice) => [choice, choice] as const)
  return option.default === undefined ? [['', 'as it fits the model'], ...own] : own
}

/** `duplicateLabels` as `Duplicate labels`. */
export function optionTitle(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  return `${spaced.slice(0, 1).toUpperCase()}${spaced.slice(1)}`
}
