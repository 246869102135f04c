/** `ModelDescription` of a model file: its features and metadata. */
import type { WireReader } from '@mobileone/core/protobuf-wire'
import type { Description, Feature, FeatureType, Metadata, MilType } from '../mil/program.ts'
import { arrayTypes, colorSpaces } from '../mil/wire-numbers.ts'
import { readEntry } from './decode-map-entry.ts'
import { limits } from './limits.ts'

/** Of a file that has none. */
export const emptyDescription: Description = {
  inputs: [],
  outputs: [],
  predictedFeatureName: '',
  predictedProbabilitiesName: '',
  metadata: { description: '', version: '', author: '', licence: '', userDefined: new Map() },
}

export function decodeDescription(reader: WireReader): Description {
  const inputs: Feature[] = []
  const outputs: Feature[] = []
  let description = emptyDescription
  while (reader.next()) {
    if (reader.field === 1) inputs.push(decodeFeature(reader.message('an input')))
    else if (reader.field === 10) outputs.push(decodeFeature(reader.message('an output')))
    else if (reader.field === 11)
      description = { ...description, predictedFeatureName: reader.string(limits.nameBytes) }
    else if (reader.field === 12)
      description = { ...description, predictedProbabilitiesName: reader.string(limits.nameBytes) }
    else if (reader.field === 100)
      description = { ...description, metadata: decodeMetadata(reader.message('the metadata')) }
    else reader.skip()
    if (Math.max(inputs.length, outputs.length) > limits.features)
      reader.fail(`more than ${limits.features} inputs or outputs`)
  }
  return { ...description, inputs, outputs }
}

function decodeMetadata(reader: WireReader): Metadata {
  const texts = ['', '', '', '', '']
  const userDefined = new Map<string, string>()
  while (reader.next()) {
    if (reader.field >= 1 && reader.field <= 4) texts[reader.field] = reader.string()
    else if (reader.field === 100) {
      let value = ''
      const key = readEntry(reader.message('user metadata'), (entry) => {
        value = entry.string()
      })
      userDefined.set(key, value)
    } else reader.skip()
  }
  const [, description = '', version = '', author = '', licence = ''] = texts
  return { description, version, author, licence, userDefined }
}

function decodeFeature(reader: WireReader): Feature {
  let name = ''
  let description = ''
  let type: FeatureType = { kind: 'other' }
  while (reader.next()) {
    if (reader.field === 1) name = reader.string(limits.nameBytes)
    else if (reader.field === 2) description = reader.string()
    else if (reader.field === 3) type = decodeFeatureType(reader.message('a feature type'))
    else reader.skip()
  }
  return { name, description, type }
}

function decodeFeatureType(reader: WireReader): FeatureType {
  let type: FeatureType = { kind: 'other' }
  while (reader.next()) {
    if (reader.field === 1) type = { kind: 'int64' }
    else if (reader.field === 2) type = { kind: 'double' }
    else if (reader.field === 3) type = { kind: 'string' }
    if (reader.field === 4) type = decodeImage(reader.message('an image type'))
    else if (reader.field === 5) type = decodeArray(reader.message('an array type'))
    else if (reader.field === 6) {
      const keys = reader.message('a dictionary type')
      let key: 'string' | 'int64' = 'int64'
      while (keys.next()) {
        if (keys.field === 2) key = 'string'
        keys.skip()
      }
      type = { kind: 'dictionary', key }
    } else reader.skip()
  }
  return type
}

function decodeImage(reader: WireReader): FeatureType {
  const numbers = [0, 0, 0, 0]
  while (reader.next()) {
    if (reader.field >= 1 && reader.field <= 3) numbers[reader.field] = reader.int()
    else reader.skip()
  }
  const [, width = 0, height = 0, space = 0] = numbers
  return { kind: 'image', width, height, colorSpace: colorSpaces.get(space) ?? 'none' }
}

function decodeArray(reader: WireReader): FeatureType {
  const shape: number[] = []
  let dtype: MilType | 'none' = 'none'
  while (reader.next()) {
    if (reader.field === 1) reader.ints(shape)
    else if (reader.field === 2) dtype = arrayTypes.get(reader.int()) ?? 'none'
    else reader.skip()
  }
  if (shape.length > limits.rank) reader.fail(`an array of ${shape.length} axes`)
  return { kind: 'multiArray', dtype, shape }
}
