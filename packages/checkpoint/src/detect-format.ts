import { invalidFile } from './invalid-file.ts'

/** Formats that are read. */
export type CheckpointFormat = 'safetensors' | 'pytorch-zip' | 'pytorch-legacy'

const hint = 'give a PyTorch checkpoint (.pth, .pth.tar, .pt, .bin) or a .safetensors file'

/**
 * Tell the format of a weights file by its first bytes.
 * @throws MobileOneError `invalid-file` that says what the file is instead.
 */
export function detectFormat(bytes: Uint8Array): CheckpointFormat {
  if (bytes.length === 0) invalidFile(`the file is empty; ${hint}`)
  if (startsWith(bytes, 'PK\x03\x04')) return 'pytorch-zip'
  if (bytes[0] === 0x80 && includes(bytes, 32, legacyMagic)) return 'pytorch-legacy'
  if (looksLikeSafetensors(bytes)) return 'safetensors'
  invalidFile(`${describe(bytes)}; ${hint}`)
}

/** What {@link detectFormat} says of files that other packages read. */
const others = {
  onnx: 'this is an ONNX model; read it with fromOnnx of @mobileone/onnx',
  coreml:
    'this is a Core ML model; read it with fromCoreML of @mobileone/coreml, or fromMLModel of @mobileone/coreml/mlmodel where it is a neural network',
} as const

/**
 * Whether the first bytes of a file are those of a format that other packages read: `fromOnnx` of `@mobileone/onnx`, `fromCoreML` of
 * `@mobileone/coreml` (`.mlmodel` files and zipped packages). Undefined where they tell of neither.
 */
export function detectOtherFormat(bytes: Uint8Array): keyof typeof others | undefined {
  // The name of a zip's first file.
  if (startsWith(bytes, 'PK\x03\x04')) {
    return /^([^/]+\.mlpackage\/)?(Manifest\.json|Data\/)|^[^/]+\.mlpackage\/$/.test(latin1(bytes, 30, 300))
      ? 'coreml'
      : undefined
  }
  if (bytes[0] !== 0x08 || (bytes[2] !== 0x12 && bytes[2] !== 0x3a)) return undefined
  return bytes[2] === 0x12 && isCoreMl(bytes) ? 'coreml' : 'onnx'
}

/** The ten bytes of the LONG1 that `torch.save` begins with. */
const legacyMagic = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'

function describe(bytes: Uint8Array): string {
  const text = latin1(bytes, 0, 512)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  if (/^version https:\/\/git-lfs/.test(text))
    return 'this is a git-lfs pointer, not the file itself; run `git lfs pull`'
  if (/^<(!doctype html|html|head|\?xml|!--)/i.test(text)) {
    return 'this is an HTML or XML page, not weights; the address probably shows a web page or needs a login'
  }
  if (/^\{\s*("|\})/.test(text))
    return 'this is a JSON document, not weights; it may be an error message of the server'
  if (startsWith(bytes, '\x1f\x8b')) return 'this is a gzip archive; unpack it first'
  if (startsWith(bytes, 'BZh')) return 'this is a bzip2 archive; unpack it first'
  if (startsWith(bytes, '\xfd7zXZ')) return 'this is an xz archive; unpack it first'
  if (startsWith(bytes, '\x28\xb5\x2f\xfd')) return 'this is a zstandard archive; unpack it first'
  if (latin1(bytes, 257, 262) === 'ustar') {
    return 'this is a tar archive; unpack it first (PyTorch files named .pth.tar are not archives)'
  }
  if (startsWith(bytes, 'PK')) return 'this is an empty or split zip file'
  if (startsWith(bytes, '\x89HDF')) return 'this is an HDF5 (Keras) file'
  if (latin1(bytes, 4, 8) === 'TFL3') return 'this is a TensorFlow Lite model'
  if (startsWith(bytes, 'GGUF')) return 'this is a GGUF file'
  if (startsWith(bytes, '\x93NUMPY')) return 'this is a NumPy array'
  if (/^(\x89PNG|\xff\xd8\xff|GIF8|RIFF)/.test(text)) return 'this is an image or media file'
  const other = detectOtherFormat(bytes)
  if (other !== undefined) return others[other]
  if (bytes[0] === 0x80 && bytes[1]! <= 5) return 'this is a plain Python pickle, not a file of torch.save'
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `the format of this file is not known (${bytes.length} bytes, beginning ${first})`
}

/** Both protobufs begin with a version; field 2 is then a message in Core ML (`description`), a text in ONNX (`producer_name`). */
function isCoreMl(bytes: Uint8Array): boolean {
  let content = 3
  while (content < 13 && bytes[content]! & 0x80) content++
  const first = bytes[content + 1]!
  return first < 0x20 || first >= 0x7f
}

function looksLikeSafetensors(bytes: Uint8Array): boolean {
  // A header of 2^40 bytes or more cannot be meant; below that a wrong length is reported as such.
  return bytes.length >= 9 && bytes[8] === 0x7b && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return latin1(bytes, 0, text.length) === text
}

function includes(bytes: Uint8Array, within: number, text: string): boolean {
  return latin1(bytes, 0, within).includes(text)
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}
