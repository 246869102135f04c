/**
 * `model.mlmodel` to a specification. Reads what is there and judges little: unknown fields are passed over, every length
 * is checked by the wire reader, and nesting is bounded.
 */
import { MobileOneError } from '@mobileone/core'
import { WireReader } from '@mobileone/core/protobuf-wire'
import { arrayTypeNumbers, colorSpaceNumbers, dataTypeNumbers } from '../mil/coding.ts'
import type {
  Binding,
  Description,
  Feature,
  FeatureType,
  Metadata,
  MilType,
  NamedType,
  Operation,
  Payload,
  Program,
  Value,
  ValueType,
} from '../mil/program.ts'

/** A decoded model file: an ML program, or the body of an older network for its own reader. */
export interface ModelFile {
  readonly version: number
  readonly description: Description
  readonly program?: Program
  readonly network?: { readonly body: WireReader; readonly classifier: boolean }
}

const milTypes = invert(dataTypeNumbers)
const arrayTypes = invert(arrayTypeNumbers)
const colorSpaces = invert(colorSpaceNumbers)

/** Deepest nesting of types and values; a dictionary's value type is at depth 2. */
const maxDepth = 8

function invert<K extends string>(numbers: Readonly<Partial<Record<K, number>>>): ReadonlyMap<number, K> {
  return new Map(Object.entries(numbers).map(([key, number]) => [number as number, key as K]))
}

const kinds: ReadonlyMap<number, string> = new Map([
  [200, 'a pipeline classifier'],
  [201, 'a pipeline regressor'],
  [202, 'a pipeline'],
  [303, 'a neural network regressor'],
  [404, 'a k-nearest-neighbours classifier'],
])

export function decodeModelFile(bytes: Uint8Array): ModelFile {
  const reader = new WireReader(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    'Core ML',
    'the model',
  )
  let version = 0
  let description: Description = emptyDescription
  let found: Pick<ModelFile, 'program' | 'network'> | undefined
  while (reader.next()) {
    if (reader.field === 1) version = reader.int()
    else if (reader.field === 2) description = decodeDescription(reader.message('the description'))
    else if (reader.field === 502) found = { program: decodeProgram(reader.message('the program')) }
    else if (reader.field === 500 || reader.field === 403) {
      const classifier = reader.field === 403
      found = { network: { body: reader.message('the network'), classifier } }
    } else if (kinds.has(reader.field)) {
      throw new MobileOneError(
        'unsupported',
        `the Core ML file holds ${kinds.get(reader.field)}; ML programs and neural networks can be read`,
      )
    } else reader.skip()
  }
  if (!found) {
    throw new MobileOneError(
      'invalid-file',
      'not a readable Core ML file: it holds neither an ML program nor a neural network; the file is damaged or of another format',
    )
  }
  return { version, description, ...found }
}

const emptyDescription: Description = {
  inputs: [],
  outputs: [],
  predictedFeatureName: '',
  predictedProbabilitiesName: '',
  metadata: { description: '', version: '', author: '', licence: '', userDefined: new Map() },
}

function decodeDescription(reader: WireReader): Description {
  const inputs: Feature[] = []
  const outputs: Feature[] = []
  let description = emptyDescription
  while (reader.next()) {
    if (reader.field === 1) inputs.push(decodeFeature(reader.message('an input')))
    else if (reader.field === 10) outputs.push(decodeFeature(reader.message('an output')))
    else if (reader.field === 11) description = { ...description, predictedFeatureName: reader.string() }
    else if (reader.field === 12)
      description = { ...description, predictedProbabilitiesName: reader.string() }
    else if (reader.field === 100)
      description = { ...description, metadata: decodeMetadata(reader.message('the metadata')) }
    else reader.skip()
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

/** Read a map entry {1 key, 2 value}; gives the key. */
function readEntry(reader: WireReader, readValue: (reader: WireReader) => void): string {
  let key = ''
  while (reader.next()) {
    if (reader.field === 1) key = reader.string()
    else if (reader.field === 2) readValue(reader)
    else reader.skip()
  }
  return key
}

function decodeFeature(reader: WireReader): Feature {
  let name = ''
  let description = ''
  let type: FeatureType = { kind: 'other' }
  while (reader.next()) {
    if (reader.field === 1) name = reader.string()
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
  return { kind: 'multiArray', dtype, shape }
}

function decodeProgram(reader: WireReader): Program {
  let version = 0
  const functions: [string, Omit<Program, 'version' | 'functionName'>][] = []
  while (reader.next()) {
    if (reader.field === 1) version = reader.int()
    else if (reader.field === 2) {
      let body: Omit<Program, 'version' | 'functionName'> | undefined
      const name = readEntry(reader.message('a function'), (entry) => {
        body = decodeFunction(entry.message('a function'))
      })
      if (body) functions.push([name, body])
    } else reader.skip()
  }
  const [first, ...others] = functions
  if (!first) return reader.fail('a program without a function')
  if (others.length > 0) {
    throw new MobileOneError(
      'unsupported',
      `the program has ${functions.length} functions (${functions.map(([name]) => `"${name}"`).join(', ')}); one can be read`,
    )
  }
  return { version, functionName: first[0], ...first[1] }
}

function decodeFunction(reader: WireReader): Omit<Program, 'version' | 'functionName'> {
  const inputs: NamedType[] = []
  let opset = ''
  const blocks = new Map<string, { outputs: string[]; operations: Operation[] }>()
  while (reader.next()) {
    if (reader.field === 1) inputs.push(decodeNamedType(reader.message('an input of the function')))
    else if (reader.field === 2) opset = reader.string()
    else if (reader.field === 3) {
      let block = { outputs: [] as string[], operations: [] as Operation[] }
      const key = readEntry(reader.message('a block'), (entry) => {
        block = decodeBlock(entry.message('a block'))
      })
      blocks.set(key, block)
    } else reader.skip()
  }
  const specialization = blocks.has(opset) ? opset : ([...blocks.keys()][0] ?? '')
  const block = blocks.get(specialization)
  if (!block) return reader.fail('a function without a block')
  return { opset, specialization, inputs, ...block }
}

function decodeBlock(reader: WireReader): { outputs: string[]; operations: Operation[] } {
  const outputs: string[] = []
  const operations: Operation[] = []
  while (reader.next()) {
    if (reader.field === 2) outputs.push(reader.string())
    else if (reader.field === 3) operations.push(decodeOperation(reader.message('an operation')))
    else reader.skip()
  }
  return { outputs, operations }
}

function decodeOperation(reader: WireReader): Operation {
  let type = ''
  const inputs = new Map<string, Binding>()
  const outputs: NamedType[] = []
  const attributes = new Map<string, Value>()
  while (reader.next()) {
    if (reader.field === 1) type = reader.string()
    else if (reader.field === 2) {
      let binding: Binding | undefined
      const key = readEntry(reader.message('an argument'), (entry) => {
        binding = decodeArgument(entry.message('an argument'))
      })
      if (binding) inputs.set(key, binding)
    } else if (reader.field === 3) outputs.push(decodeNamedType(reader.message('an output')))
    else if (reader.field === 4) {
      throw new MobileOneError(
        'unsupported',
        `the operation "${type}" has blocks of its own (a loop or a condition)`,
      )
    } else if (reader.field === 5) {
      let value: Value | undefined
      const key = readEntry(reader.message('an attribute'), (entry) => {
        value = decodeValue(entry.message('a value'), 0)
      })
      if (value) attributes.set(key, value)
    } else reader.skip()
  }
  return { type, inputs, outputs, attributes }
}

function decodeArgument(reader: WireReader): Binding {
  const bindings: Binding[] = []
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip()
      continue
    }
    const bound = reader.message('a binding')
    while (bound.next()) {
      if (bound.field === 1) bindings.push({ kind: 'name', name: bound.string() })
      else if (bound.field === 2)
        bindings.push({ kind: 'value', value: decodeValue(bound.message('a value'), 0) })
      else bound.skip()
    }
  }
  const [binding, ...others] = bindings
  if (!binding || others.length > 0)
    return reader.fail(`an argument of ${bindings.length} bindings, where one belongs,`)
  return binding
}

function decodeNamedType(reader: WireReader): NamedType {
  let name = ''
  let type: ValueType | undefined
  while (reader.next()) {
    if (reader.field === 1) name = reader.string()
    else if (reader.field === 2) type = decodeValueType(reader.message('a type'), 0)
    else reader.skip()
  }
  return type ? { name, type } : reader.fail(`a value "${name}" without a type`)
}

function decodeValueType(reader: WireReader, depth: number): ValueType {
  if (depth > maxDepth) reader.fail(`types nested deeper than ${maxDepth}`)
  let type: ValueType | undefined
  while (reader.next()) {
    if (reader.field === 1) type = decodeTensorType(reader.message('a tensor type'))
    else if (reader.field === 2) {
      const list = reader.message('a list type')
      let element: ValueType | undefined
      let length = 0
      while (list.next()) {
        if (list.field === 1) element = decodeValueType(list.message('a type'), depth + 1)
        else if (list.field === 2) length = decodeDimension(list.message('a length'))
        else list.skip()
      }
      type = element ? { kind: 'list', element, length } : list.fail('a list type without an element type')
    } else if (reader.field === 4) {
      const dictionary = reader.message('a dictionary type')
      const types: ValueType[] = []
      while (dictionary.next()) {
        if (dictionary.field === 1 || dictionary.field === 2)
          types[dictionary.field] = decodeValueType(dictionary.message('a type'), depth + 1)
        else dictionary.skip()
      }
      const [, key, value] = types
      type =
        key && value ? { kind: 'dictionary', key, value } : dictionary.fail('an incomplete dictionary type')
    } else reader.skip()
  }
  return type ?? reader.fail('a type that is no tensor, list or dictionary')
}

function decodeTensorType(reader: WireReader): ValueType {
  let dtype: MilType | undefined
  const shape: number[] = []
  while (reader.next()) {
    if (reader.field === 1) {
      const number = reader.int()
      dtype = milTypes.get(number) ?? reader.fail(`element type ${number}`)
    } else if (reader.field === 3) shape.push(decodeDimension(reader.message('a dimension')))
    else reader.skip()
  }
  return dtype ? { kind: 'tensor', dtype, shape } : reader.fail('a tensor without an element type')
}

function decodeDimension(reader: WireReader): number {
  let size = 0
  while (reader.next()) {
    if (reader.field === 1) {
      const constant = reader.message('a size')
      while (constant.next()) {
        if (constant.field === 1) size = constant.int()
        else constant.skip()
      }
    } else if (reader.field === 2) {
      throw new MobileOneError(
        'unsupported',
        'the Core ML program has dimensions of open size; export it with fixed shapes',
      )
    } else reader.skip()
  }
  return Number.isSafeInteger(size) && size >= 0 ? size : reader.fail(`a size of ${size}`)
}

export function decodeValue(reader: WireReader, depth: number): Value {
  if (depth > maxDepth) reader.fail(`values nested deeper than ${maxDepth}`)
  let type: ValueType | undefined
  let payload: Payload | undefined
  while (reader.next()) {
    if (reader.field === 2) type = decodeValueType(reader.message('a type'), 0)
    else if (reader.field === 3) payload = decodeImmediate(reader.message('an immediate value'), depth)
    else if (reader.field === 5) {
      const blob = reader.message('a blob')
      let file = ''
      let offset = 0
      while (blob.next()) {
        if (blob.field === 1) file = blob.string()
        else if (blob.field === 2) offset = blob.int()
        else blob.skip()
      }
      payload = { kind: 'blob', file, offset }
    } else reader.skip()
  }
  return type && payload ? { type, payload } : reader.fail('a value without type or content')
}

function decodeImmediate(reader: WireReader, depth: number): Payload {
  let payload: Payload | undefined
  while (reader.next()) {
    if (reader.field === 1) payload = decodeTensorValue(reader.message('a tensor'))
    else if (reader.field === 3) {
      const list = reader.message('a list')
      const values: Value[] = []
      while (list.next()) {
        if (list.field === 1) values.push(decodeValue(list.message('a value'), depth + 1))
        else list.skip()
      }
      payload = { kind: 'list', values }
    } else reader.skip()
  }
  return payload ?? reader.fail('an immediate value of a kind that no constant here has')
}

function decodeTensorValue(reader: WireReader): Payload {
  let payload: Payload = { kind: 'numbers', values: [] }
  while (reader.next()) {
    const { field } = reader
    if (field < 1 || field > 7) {
      reader.skip()
      continue
    }
    const inner = reader.message('tensor elements')
    const numbers: number[] = []
    const strings: string[] = []
    let bytes: Uint8Array = new Uint8Array()
    while (inner.next()) {
      if (inner.field !== 1) inner.skip()
      else if (field === 1) inner.floats(numbers)
      else if (field === 4) strings.push(inner.string())
      else if (field === 6) inner.doubles(numbers)
      else if (field === 7) bytes = inner.bytes()
      else inner.ints(numbers)
    }
    if (field === 3) payload = { kind: 'bools', values: numbers.map((value) => value !== 0) }
    else if (field === 4) payload = { kind: 'strings', values: strings }
    else if (field === 7) payload = { kind: 'bytes', bytes }
    else payload = { kind: 'numbers', values: numbers }
  }
  return payload
}
