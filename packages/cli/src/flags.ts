import { safetensors } from '@mobileone/checkpoint'
import { variants } from '@mobileone/core'
import { zooNames } from '@mobileone/zoo'
import type { Flag } from './command.ts'
import { optionFlag } from './export-flags.ts'

/** Flags that mean the same in every command that has them. */
export const weightsFlag = {
  type: 'string',
  short: 'w',
  value: '<path|url|hub id>',
  help: 'Weights: a safetensors, PyTorch, ONNX or Core ML file, a URL, a hub id, or - for standard input',
} as const satisfies Flag

export const variantFlag = {
  type: 'string',
  value: '<name>',
  help: 'A variant of MobileOne or a network of the zoo; without --weights, the published ones are fetched',
  choices: [...Object.keys(variants), ...zooNames],
} as const satisfies Flag

/** For networks that are not 224 x 224 RGB, and for what their files do not tell. */
export const shapeFlags = {
  size: {
    type: 'string',
    value: '<n|hxw>',
    help: 'Input size in place of the one in the file, or where it leaves it open, as 96 or 96x128',
  },
  'input-channels': {
    type: 'number',
    value: '<n>',
    help: 'Channels of the input; refused where the weights have others',
  },
  strides: {
    type: 'string',
    value: '<list>',
    help: 'Strides of the stem and of each stage, as 2,2,2,2,2, where a folded checkpoint does not tell',
  },
  prefix: {
    type: 'string',
    value: '<text>',
    help: 'Take the keys of a checkpoint that begin with this, and no others',
  },
} as const satisfies Record<string, Flag>

export const jsonFlag = {
  type: 'boolean',
  help: 'Print one JSON document to standard output and everything else to standard error',
} as const satisfies Flag

export const sha256Flag = {
  type: 'string',
  value: '<hex>',
  help: 'Refuse weights whose SHA-256 differs',
} as const satisfies Flag

export const offlineFlag = {
  type: 'boolean',
  help: 'Use only local files and the cache',
} as const satisfies Flag

export const outputFlag = {
  type: 'string',
  short: 'o',
  value: '<path>',
  help: 'The file to write',
} as const satisfies Flag

type ChoiceFlag = Flag & { type: 'string'; default: string }

/** As `export` has it, for commands that write safetensors alone. */
export const namingFlag = optionFlag(safetensors().options.naming) as ChoiceFlag

/** Of commands that write float networks. */
export const storageFlag = {
  type: 'string',
  value: '<which>',
  help: 'How numbers are stored; mobileone quantize writes int8',
  choices: ['float32', 'float16'],
  default: 'float32',
} as const satisfies Flag

export const orientationFlag = (preset: 'apply' | 'ignore'): ChoiceFlag => ({
  type: 'string',
  value: '<how>',
  help: 'Apply the EXIF orientation of pictures, or use the pixels as stored',
  choices: ['apply', 'ignore'],
  default: preset,
})
