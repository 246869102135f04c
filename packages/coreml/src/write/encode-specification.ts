/** A specification as protobuf bytes: Model, ModelDescription and MILSpec.Program, by their published field numbers. */
import { WireWriter } from '@mobileone/core/protobuf-wire'
import type {
  Binding,
  Description,
  Feature,
  FeatureType,
  Metadata,
  MilType,
  NamedType,
  Operation,
  Program,
  Specification,
  Value,
  ValueType,
} from '../mil/program.ts'
import { arrayTypeNumbers, colorSpaceNumbers, dataTypeNumbers } from '../mil/wire-numbers.ts'

function message(write: (out: WireWriter) => void): WireWriter {
  const out = new WireWriter()
  write(out)
  return out
}

/** Fields that hold their default value are left out, as proto3 does. */
function optionalText(out: WireWriter, field: number, text: string): void {
  if (text !== '') out.string(field, text)
}

export function encodeSpecification(specification: Specification): Uint8Array {
  return message((out) => {
    out.int(1, specification.version)
    out.message(2, encodeDescription(specification.description))
    out.message(502, encodeProgram(specification.program))
  }).finish()
}

export function encodeDescription(description: Description): WireWriter {
  return message((out) => {
    for (const feature of description.inputs) out.message(1, encodeFeature(feature))
    for (const feature of description.outputs) out.message(10, encodeFeature(feature))
    optionalText(out, 11, description.predictedFeatureName)
    optionalText(out, 12, description.predictedProbabilitiesName)
    out.message(100, encodeMetadata(description.metadata))
  })
}

function encodeMetadata(metadata: Metadata): WireWriter {
  return message((out) => {
    optionalText(out, 1, metadata.description)
    optionalText(out, 2, metadata.version)
    optionalText(out, 3, metadata.author)
    optionalText(out, 4, metadata.licence)
    for (const [key, value] of metadata.userDefined) {
      out.message(
        100,
        message((entry) => {
          entry.string(1, key)
          entry.string(2, value)
        }),
      )
    }
  })
}

function encodeFeature(feature: Feature): WireWriter {
  return message((out) => {
    out.string(1, feature.name)
    optionalText(out, 2, feature.description)
    out.message(3, encodeFeatureType(feature.type))
  })
}

function encodeFeatureType(type: FeatureType): WireWriter {
  const empty = new WireWriter()
  return message((out) => {
    switch (type.kind) {
      case 'image':
        out.message(
          4,
          message((image) => {
            image.int(1, type.width)
            image.int(2, type.height)
            image.int(3, colorSpaceNumbers[type.colorSpace])
          }),
        )
        return
      case 'multiArray':
        out.message(
          5,
          message((array) => {
            array.ints(1, type.shape)
            if (type.dtype !== 'none') array.int(2, arrayTypeNumbers[type.dtype] ?? 0)
          }),
        )
        return
      case 'int64':
        return out.message(1, empty)
      case 'double':
        return out.message(2, empty)
      case 'string':
        return out.message(3, empty)
      case 'dictionary':
        out.message(
          6,
          message((dictionary) => dictionary.message(type.key === 'int64' ? 1 : 2, empty)),
        )
        return
      case 'other':
        return
      default:
        return type satisfies never
    }
  })
}

function encodeProgram(program: Program): WireWriter {
  const block = message((out) => {
    for (const name of program.outputs) out.string(2, name)
    for (const operation of program.operations) out.message(3, encodeOperation(operation))
  })
  const body = message((out) => {
    for (const input of program.inputs) out.message(1, encodeNamedType(input))
    out.string(2, program.opset)
    out.message(3, mapEntry(program.specialization, block))
  })
  return message((out) => {
    out.int(1, program.version)
    out.message(2, mapEntry(program.functionName, body))
  })
}

function mapEntry(key: string, value: WireWriter): WireWriter {
  return message((out) => {
    out.string(1, key)
    out.message(2, value)
  })
}

function encodeOperation(operation: Operation): WireWriter {
  return message((out) => {
    out.string(1, operation.type)
    for (const [key, binding] of operation.inputs) out.message(2, mapEntry(key, encodeArgument(binding)))
    for (const output of operation.outputs) out.message(3, encodeNamedType(output))
    for (const [key, value] of operation.attributes) out.message(5, mapEntry(key, encodeValue(value)))
  })
}

function encodeArgument(binding: Binding): WireWriter {
  const named = (name: string): WireWriter => message((out) => out.string(1, name))
  return message((out) => {
    switch (binding.kind) {
      case 'name':
        out.message(1, named(binding.name))
        break
      case 'names':
        for (const name of binding.names) out.message(1, named(name))
        break
      case 'value':
        out.message(
          1,
          message((bound) => bound.message(2, encodeValue(binding.value))),
        )
        break
      default:
        binding satisfies never
    }
  })
}

function encodeNamedType(named: NamedType): WireWriter {
  return message((out) => {
    out.string(1, named.name)
    out.message(2, encodeValueType(named.type))
  })
}

function encodeValueType(type: ValueType): WireWriter {
  return message((out) => {
    switch (type.kind) {
      case 'tensor':
        return out.message(1, encodeTensorType(type.dtype, type.shape))
      case 'list':
        return out.message(
          2,
          message((list) => {
            list.message(1, encodeValueType(type.element))
            list.message(2, encodeDimension(type.length))
          }),
        )
      case 'dictionary':
        return out.message(
          4,
          message((dictionary) => {
            dictionary.message(1, encodeValueType(type.key))
            dictionary.message(2, encodeValueType(type.value))
          }),
        )
      default:
        return type satisfies never
    }
  })
}

function encodeTensorType(dtype: MilType, shape: readonly number[]): WireWriter {
  return message((out) => {
    out.int(1, dataTypeNumbers[dtype])
    if (shape.length > 0) out.int(2, shape.length)
    for (const size of shape) out.message(3, encodeDimension(size))
  })
}

function encodeDimension(size: number): WireWriter {
  return message((out) =>
    out.message(
      1,
      message((constant) => constant.int(1, size)),
    ),
  )
}

export function encodeValue(value: Value): WireWriter {
  const { payload } = value
  return message((out) => {
    out.message(2, encodeValueType(value.type))
    if (payload.kind === 'blob') {
      out.message(
        5,
        message((blob) => {
          blob.string(1, payload.file)
          blob.int(2, payload.offset)
        }),
      )
      return
    }
    out.message(
      3,
      message((immediate) => {
        if (payload.kind === 'list') {
          const list = message((items) => {
            for (const item of payload.values) items.message(1, encodeValue(item))
          })
          immediate.message(3, list)
        } else immediate.message(1, encodeTensorValue(value))
      }),
    )
  })
}

function encodeTensorValue({ type, payload }: Value): WireWriter {
  const dtype = type.kind === 'tensor' ? type.dtype : 'fp32'
  return message((out) => {
    switch (payload.kind) {
      case 'numbers': {
        const floats = dtype === 'fp32'
        const values = message((list) => {
          if (floats) list.bytes(1, Float32Array.from(payload.values))
          else list.ints(1, Array.from(payload.values))
        })
        return out.message(floats ? 1 : dtype === 'int64' ? 5 : 2, values)
      }
      case 'bools':
        return out.message(
          3,
          message((list) => list.ints(1, payload.values.map(Number))),
        )
      case 'strings':
        return out.message(
          4,
          message((list) => {
            for (const text of payload.values) list.string(1, text)
          }),
        )
      case 'bytes':
        return out.message(
          7,
          message((list) => list.bytes(1, payload.bytes)),
        )
      case 'list':
      case 'blob':
        return
      default:
        payload satisfies never
    }
  })
}
