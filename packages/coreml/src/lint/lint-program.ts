import { elementCount } from '@mobileone/core'
import { isIdentifier } from '../mil/names.ts'
import {
  formatType,
  type Operation,
  type Program,
  sameType,
  tensorType,
  type Value,
  type ValueType,
} from '../mil/program.ts'
import { opRules, targets } from '../mil/versions.ts'
import { blobAlignment, blobSentinel, blobTypes, weightFile } from '../mil/wire-numbers.ts'
import { inferOutputs, type Operand } from './infer-outputs.ts'

type Report = (where: string, message: string) => void

/** Check a program against its specification version and its weight file; the types of its values, by name. */
export function lintProgram(
  program: Program,
  version: number,
  weights: Uint8Array,
  report: Report,
): ReadonlyMap<string, ValueType> {
  const target = Object.values(targets).find(({ specification }) => specification === version)
  if (target && program.opset !== target.opset) {
    report('main', `the opset of specification version ${version} is ${target.opset}, not ${program.opset}`)
  }
  if (program.specialization !== program.opset) {
    report(
      'main',
      `the block is specialised for ${program.specialization}, and the function for ${program.opset}`,
    )
  }
  if (program.version !== 1) report('main', `the program has version ${program.version}, not 1`)
  if (program.functionName !== 'main')
    report('main', `the function is named "${program.functionName}", not "main"`)

  const known = new Map<string, Operand>()
  const define = (name: string, operand: Operand): void => {
    if (!isIdentifier(name)) report(name, `"${name}" is not an identifier`)
    if (known.has(name)) report(name, `two values are named "${name}"`)
    known.set(name, operand)
  }
  for (const { name, type } of program.inputs) define(name, { type })
  for (const operation of program.operations)
    lintOperation(operation, version, weights, known, define, report)
  if (program.outputs.length === 0) report('main', 'the block has no output')
  for (const name of program.outputs) {
    if (!known.has(name)) report(name, `the block shows "${name}", which nothing makes`)
  }
  return new Map([...known].map(([name, { type }]) => [name, type]))
}

function lintOperation(
  operation: Operation,
  version: number,
  weights: Uint8Array,
  known: ReadonlyMap<string, Operand>,
  define: (name: string, operand: Operand) => void,
  report: Report,
): void {
  const where = operation.outputs[0]?.name ?? operation.type
  const here = `operation "${where}" (${operation.type})`
  const rule = Object.hasOwn(opRules, operation.type) ? opRules[operation.type] : undefined
  if (!rule) {
    report(where, `${here}: unknown op`)
    for (const { name, type } of operation.outputs) define(name, { type })
    return
  }
  if (rule.since !== undefined && version < rule.since) {
    report(where, `${here}: needs specification version ${rule.since}, and this is ${version}`)
  }
  const attributes = ['name', ...(rule.attributes ?? [])]
  for (const [what, wanted, given] of [
    ['argument', rule.inputs, operation.inputs],
    ['attribute', attributes, operation.attributes],
  ] as const) {
    for (const key of wanted) if (!given.has(key)) report(where, `${here}: the ${what} "${key}" is missing`)
    for (const key of given.keys()) {
      if (!wanted.includes(key)) report(where, `${here}: there is no ${what} "${key}"`)
    }
  }
  for (const value of operation.attributes.values()) lintValue(value, weights, here, where, report)

  const operands = new Map<string, Operand>()
  for (const [key, binding] of operation.inputs) {
    if (binding.kind === 'value') {
      lintValue(binding.value, weights, here, where, report)
      operands.set(key, { type: binding.value.type, value: binding.value })
      continue
    }
    const names = binding.kind === 'name' ? [binding.name] : binding.names
    const parts = names.flatMap((name) => known.get(name) ?? [])
    const [operand] = parts
    if (operand && parts.length === names.length) operands.set(key, { ...operand, parts })
    for (const name of names) {
      if (!known.has(name)) report(where, `${here}: reads "${name}", which no earlier operation makes`)
    }
  }

  if (operation.outputs.length !== (rule.outputs ?? 1)) {
    report(where, `${here}: has ${operation.outputs.length} outputs, not ${rule.outputs ?? 1}`)
  }
  const complete =
    rule.inputs.every((key) => operands.has(key)) && attributes.every((key) => operation.attributes.has(key))
  const expected = complete
    ? outputTypes(operation, operands, (message) => report(where, `${here}: ${message}`))
    : undefined
  const value = operation.attributes.get('val')
  for (const [index, { name, type }] of operation.outputs.entries()) {
    const wanted = expected?.[index]
    if (wanted && !sameType(wanted, type)) {
      report(
        name,
        `${here}: its output "${name}" is declared ${formatType(type)}, and is ${formatType(wanted)}`,
      )
    }
    define(name, { type, ...(operation.type === 'const' && value && { value }) })
  }
}

function outputTypes(
  operation: Operation,
  operands: ReadonlyMap<string, Operand>,
  reject: (message: string) => void,
): readonly ValueType[] | undefined {
  const attribute = (key: string): Value => operation.attributes.get(key) as Value
  try {
    if (operation.type === 'const') return [attribute('val').type]
    if (operation.type === 'constexpr_affine_dequantize') return [dequantizedType(attribute)]
    return inferOutputs(operation.type, (key) => operands.get(key) as Operand)
  } catch (error) {
    reject((error as Error).message)
    return undefined
  }
}

function dequantizedType(attribute: (key: string) => Value): ValueType {
  const [data, zero, scale] = [
    attribute('quantized_data').type,
    attribute('zero_point').type,
    attribute('scale').type,
  ]
  if (data.kind !== 'tensor' || zero.kind !== 'tensor' || scale.kind !== 'tensor')
    throw new Error('expects tensors')
  const { payload } = attribute('axis')
  const axis = payload.kind === 'numbers' ? (payload.values[0] ?? 0) : 0
  const channels = String([data.shape[axis]])
  if (data.dtype !== zero.dtype) throw new Error('zero_point must have the type of quantized_data')
  if (String(scale.shape) !== channels || String(zero.shape) !== channels) {
    throw new Error(`scale and zero_point must have ${channels} elements, the size of axis ${axis}`)
  }
  return tensorType(scale.dtype, data.shape)
}

function lintValue(value: Value, weights: Uint8Array, here: string, where: string, report: Report): void {
  const { type, payload } = value
  if (type.kind !== 'tensor') return
  const count = elementCount(type.shape)
  switch (payload.kind) {
    case 'blob': {
      const problem = blobProblem(type.dtype, count, payload.file, payload.offset, weights)
      if (problem) report(where, `${here}: ${problem}`)
      return
    }
    case 'bytes':
      if (type.shape.length > 0) report(where, `${here}: a ${type.dtype} tensor must lie in the weight file`)
      return
    case 'numbers':
    case 'bools':
    case 'strings':
      if (payload.values.length !== count) {
        report(where, `${here}: a constant ${formatType(type)} holds ${payload.values.length} elements`)
      }
      return
    case 'list':
      return
    default:
      payload satisfies never
  }
}

function blobProblem(
  dtype: keyof typeof blobTypes,
  count: number,
  file: string,
  offset: number,
  weights: Uint8Array,
): string | undefined {
  const view = new DataView(weights.buffer, weights.byteOffset, weights.byteLength)
  const stored = blobTypes[dtype]
  if (file !== weightFile) return `the weight file is ${weightFile}, not ${file}`
  if (!stored) return `${dtype} cannot lie in the weight file`
  if (offset % blobAlignment !== 0 || offset < blobAlignment || offset + blobAlignment > weights.length) {
    return `there is no blob at byte ${offset} of the weight file`
  }
  if (view.getUint32(offset, true) !== blobSentinel)
    return `there is no blob at byte ${offset} of the weight file`
  if (view.getUint32(offset + 4, true) !== stored.code) return `the blob at byte ${offset} is not ${dtype}`
  const size = Number(view.getBigUint64(offset + 8, true))
  if (size !== count * stored.bytes)
    return `the blob at byte ${offset} has ${size} bytes, not ${count * stored.bytes}`
  const data = Number(view.getBigUint64(offset + 16, true))
  return data !== offset + blobAlignment || data + size > weights.length
    ? `the data of the blob at byte ${offset} lie outside the weight file`
    : undefined
}
