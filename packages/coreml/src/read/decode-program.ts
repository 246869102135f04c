/**
 * `MILSpec.Program` of a model file. Reads what is there and judges little: unknown fields are passed over, every length is checked
 * by the wire reader, and nesting is bounded.
 */
import { MobileOneError } from '@mobileone/core'
import type { WireReader } from '@mobileone/core/protobuf-wire'
import type {
  Binding,
  MilType,
  NamedType,
  Operation,
  Payload,
  Program,
  Value,
  ValueType,
} from '../mil/program.ts'
import { dataTypes } from '../mil/wire-numbers.ts'
import { readEntry } from './decode-map-entry.ts'
import { limits } from './limits.ts'

/** Deepest nesting of types and values; a dictionary's value type is at depth 2. */
const maxDepth = 8

export function decodeProgram(reader: WireReader): Program {
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
    if (reader.field === 1) {
      inputs.push(decodeNamedType(reader.message('an input of the function')))
      if (inputs.length > limits.features) reader.fail(`more than ${limits.features} inputs`)
    } else if (reader.field === 2) opset = reader.string(limits.nameBytes)
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
    if (reader.field === 2) outputs.push(reader.string(limits.nameBytes))
    else if (reader.field === 3) operations.push(decodeOperation(reader.message('an operation')))
    else reader.skip()
    if (operations.length > limits.operations || outputs.length > limits.features)
      reader.fail(`more than ${limits.operations} operations or ${limits.features} outputs`)
  }
  return { outputs, operations }
}

function decodeOperation(reader: WireReader): Operation {
  let type = ''
  const inputs = new Map<string, Binding>()
  const outputs: NamedType[] = []
  const attributes = new Map<string, Value>()
  while (reader.next()) {
    if (reader.field === 1) type = reader.string(limits.nameBytes)
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
      if (bound.field === 1) bindings.push({ kind: 'name', name: bound.string(limits.nameBytes) })
      else if (bound.field === 2)
        bindings.push({ kind: 'value', value: decodeValue(bound.message('a value'), 0) })
      else bound.skip()
    }
  }
  const [binding, ...others] = bindings
  if (!binding) return reader.fail('an argument of 0 bindings, where one belongs,')
  if (others.length === 0) return binding
  const names = bindings.flatMap((each) => (each.kind === 'name' ? [each.name] : []))
  if (names.length < bindings.length)
    return reader.fail('an argument of several bindings, not all of them names,')
  return { kind: 'names', names }
}

function decodeNamedType(reader: WireReader): NamedType {
  let name = ''
  let type: ValueType | undefined
  while (reader.next()) {
    if (reader.field === 1) name = reader.string(limits.nameBytes)
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
      dtype = dataTypes.get(number) ?? reader.fail(`element type ${number}`)
    } else if (reader.field === 3) shape.push(decodeDimension(reader.message('a dimension')))
    else reader.skip()
    if (shape.length > limits.rank) reader.fail(`a tensor of more than ${limits.rank} axes`)
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

function decodeValue(reader: WireReader, depth: number): Value {
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
        if (blob.field === 1) file = blob.string(limits.nameBytes)
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
