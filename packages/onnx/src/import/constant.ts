import { elementCount, MobileOneError, type QuantizedTensor } from '@mobileone/core'
import { bfloat16ToFloat32, float16ToFloat32 } from '@mobileone/core/half'
import { limits } from '../limits.ts'
import { dataType, type OnnxTensor } from '../proto.ts'

/** A value known before the network runs: float elements, or whole numbers (a shape, a flag). */
export interface Constant {
  readonly kind: 'constant'
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array | readonly number[]
}

/** A constant of float elements: one that can be a weight. */
export interface FloatConstant extends Constant {
  readonly data: Float32Array
  /** Where it was dequantised: what it was made of, with one scale for each index of `axis`, 0 or 1. */
  readonly levels?: Levels
  /** Where it is a product of constants: both. */
  readonly factors?: readonly [FloatConstant, FloatConstant]
}

export interface Levels extends Pick<QuantizedTensor, 'data' | 'scales' | 'zeroPoints'> {
  readonly axis: number
}

/** Elements of 8 bits, which mean nothing before they are dequantised; unsigned ones are shifted by 128. */
export interface ByteConstant {
  readonly kind: 'bytes'
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Int8Array
  readonly isUnsigned: boolean
}

/**
 * The elements of a tensor, widened or narrowed to float32, whole numbers for int32, int64 and bool, or 8 bits.
 * @throws MobileOneError `unsupported` for external data and other element types, `invalid-file` for a wrong length.
 */
export function decodeConstant(tensor: OnnxTensor, name: string): Constant | ByteConstant {
  const what = `the tensor "${name}"`
  if (tensor.external) {
    throw new MobileOneError(
      'unsupported',
      `${what} keeps its elements in another file; save the model as one file ` +
        '(onnx.save without save_as_external_data, torch.onnx.export with external_data=False)',
    )
  }
  if (tensor.dims.length > limits.rank) {
    throw new MobileOneError(
      'invalid-file',
      `${what} has ${tensor.dims.length} axes, where at most ${limits.rank} belong; the file is damaged`,
    )
  }
  const isBytes = tensor.type === dataType.int8 || tensor.type === dataType.uint8
  const elements = isBytes ? readBytes(tensor) : readElements(tensor, what)
  const count = elementCount(tensor.dims)
  if (tensor.dims.some((size) => size < 0) || elements.length !== count) {
    throw new MobileOneError(
      'invalid-file',
      `${what} has dims [${tensor.dims.join(', ')}] but ${elements.length} elements; the file is damaged`,
    )
  }
  if (elements instanceof Int8Array) {
    return {
      kind: 'bytes',
      name,
      shape: tensor.dims,
      data: elements,
      isUnsigned: tensor.type === dataType.uint8,
    }
  }
  return { kind: 'constant', name, shape: tensor.dims, data: elements }
}

/** A copy of elements of 8 bits, unsigned ones less 128. */
function readBytes({ type, raw, ints }: OnnxTensor): Int8Array {
  const bytes = raw ? new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength) : Uint8Array.from(ints)
  return new Int8Array(type === dataType.uint8 ? bytes.map((value) => value - 128) : bytes)
}

function readElements(tensor: OnnxTensor, what: string): Float32Array | readonly number[] {
  const raw = tensor.raw
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const count = (size: number): number => {
    const bytes = view?.byteLength ?? 0
    if (bytes % size === 0) return bytes / size
    throw new MobileOneError(
      'invalid-file',
      `${what} holds ${bytes} bytes of ${size}-byte elements; the file is damaged`,
    )
  }
  const fill = (length: number, element: (index: number) => number): Float32Array => {
    const data = new Float32Array(length)
    for (let index = 0; index < length; index++) data[index] = element(index)
    return data
  }
  /** 16-bit floats without raw data stand in the list of integers. */
  const halves = (): Uint16Array =>
    view
      ? Uint16Array.from({ length: count(2) }, (_, index) => view.getUint16(2 * index, true))
      : Uint16Array.from(tensor.ints)

  switch (tensor.type) {
    case dataType.float:
      return view ? fill(count(4), (i) => view.getFloat32(4 * i, true)) : Float32Array.from(tensor.floats)
    case dataType.double:
      return view ? fill(count(8), (i) => view.getFloat64(8 * i, true)) : Float32Array.from(tensor.doubles)
    case dataType.float16:
      return float16ToFloat32(halves())
    case dataType.bfloat16:
      return bfloat16ToFloat32(halves())
    case dataType.int32:
      return view ? Array.from({ length: count(4) }, (_, i) => view.getInt32(4 * i, true)) : tensor.ints
    case dataType.int64:
      return view
        ? Array.from({ length: count(8) }, (_, i) => Number(view.getBigInt64(8 * i, true)))
        : tensor.ints
    case dataType.bool:
      return raw instanceof Uint8Array ? Array.from(raw) : tensor.ints
    default:
      throw new MobileOneError(
        'unsupported',
        `${what} has element type ${tensor.type} (TensorProto.DataType); float32, float64, float16, bfloat16, int8 and uint8 ` +
          'weights can be read: export the model without quantisation, or in 8 bits',
      )
  }
}
