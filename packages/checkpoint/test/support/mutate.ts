import type { Random } from '@mobileone/core'
import { type Part, u16, u32, u64 } from './pickle.ts'

/** A file to damage, and the ranges of it that hold structure rather than elements. */
export interface Subject {
  readonly name: string
  readonly bytes: Uint8Array
  readonly structure: readonly (readonly [begin: number, end: number])[]
}

/** Numbers that lengths, counts and offsets should not be. */
const hostile = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 40n,
  (1n << 53n) - 1n,
  1n << 63n,
]

/** One to four damages of `subject`: flips, hostile numbers, moved and removed pieces, truncation, growth. */
export function mutate({ bytes: original, structure }: Subject, source: Random): Uint8Array {
  let bytes = original.slice()
  const place = (): number => {
    if (structure.length === 0 || source.next() < 0.15) return source.integer(0, bytes.length - 1)
    const [begin, end] = structure[source.integer(0, structure.length - 1)]!
    return Math.min(bytes.length - 1, source.integer(begin, Math.max(begin, end - 1)))
  }
  for (let count = source.integer(1, 4); count > 0 && bytes.length > 0; count--) {
    const at = place()
    switch (source.integer(0, 9)) {
      case 0:
      case 1:
        bytes[at] = bytes[at]! ^ (1 << source.integer(0, 7))
        break
      case 2:
        bytes[at] = source.integer(0, 255)
        break
      case 3:
        bytes[at] = [0, 1, 0x28, 0x2e, 0x52, 0x63, 0x7f, 0x80, 0xff][source.integer(0, 8)]!
        break
      case 4: {
        const value = [...hostile, BigInt(bytes.length), BigInt(at)][source.integer(0, hostile.length + 1)]!
        const width = [2, 4, 8][source.integer(0, 2)]!
        for (let i = 0; i < width && at + i < bytes.length; i++)
          bytes[at + i] = Number((value >> BigInt(8 * i)) & 255n)
        break
      }
      case 5: {
        const length = source.integer(1, 64)
        bytes.copyWithin(at, place(), Math.min(bytes.length, at + length))
        break
      }
      case 6: {
        const digits = [...bytes.keys()].slice(at, at + 200).filter((i) => bytes[i]! >= 48 && bytes[i]! <= 57)
        for (const i of digits.slice(0, source.integer(1, 3))) bytes[i] = 48 + source.integer(0, 9)
        break
      }
      case 7: {
        const length = source.integer(1, 40)
        const shorter = new Uint8Array(Math.max(0, bytes.length - length))
        shorter.set(bytes.subarray(0, Math.min(at, shorter.length)))
        shorter.set(
          bytes.subarray(Math.min(at + length, bytes.length)).subarray(0, Math.max(0, shorter.length - at)),
          Math.min(at, shorter.length),
        )
        bytes = shorter
        break
      }
      case 8:
        if (source.next() < 0.5) bytes = bytes.slice(0, at)
        break
      default: {
        const longer = new Uint8Array(bytes.length + source.integer(1, 40))
        longer.set(bytes.subarray(0, at))
        for (let i = at; i < at + longer.length - bytes.length; i++) longer[i] = source.integer(0, 255)
        longer.set(bytes.subarray(at), at + longer.length - bytes.length)
        bytes = longer
      }
    }
  }
  return bytes
}

/** A random pickle: any opcode, with arguments that are mostly well formed, after enough pushes to have operands. */
export function randomPickle(source: Random): Part[] {
  const text = (): string =>
    ['a', 'state_dict', 'storage', '0', 'cpu', 'os', 'system', 'torch', 'FloatStorage'][source.integer(0, 8)]!
  const names = [
    'torch._utils\n_rebuild_tensor_v2\n',
    'torch._utils\n_rebuild_tensor_v3\n',
    'torch._utils\n_rebuild_parameter\n',
    'torch._tensor\n_rebuild_from_type_v2\n',
    'collections\nOrderedDict\n',
    'torch\nFloatStorage\n',
    'torch\nSize\n',
    'argparse\nNamespace\n',
    'os\nsystem\n',
    '__builtin__\neval\n',
  ]
  const name = (): string => names[source.next() < 0.02 ? source.integer(8, 9) : source.integer(0, 7)]!
  const length = (): number => (source.next() < 0.02 ? 0xfffffff0 : source.integer(0, 4))
  const program: Part[] = [0x80, source.integer(0, 5)]
  const push: (() => Part)[] = [
    () => 'N',
    () => ['K', source.integer(0, 255)],
    () => ['M', u16(source.integer(0, 65535))],
    () => ['J', u32(source.integer(0, 2 ** 32 - 1))],
    () => [0x8a, source.integer(0, 9), ...u64(BigInt(source.integer(0, 2 ** 40)))],
    () => ['X', u32(text().length), text()],
    () => ['X', u32(length()), text()],
    () => [0x8c, 1, '0'],
    () => 'G@\x09!\xfbTD-\x18',
    () => ')',
    () => '}',
    () => ']',
    () => '(',
    () => `c${name()}`,
    () => ['h', source.integer(0, 9)],
    () => ['j', u32(source.next() < 0.05 ? 0xffffffff : source.integer(0, 9))],
    () => [0x8e, u64(BigInt(length())), 'ab'],
    () => ['L', String(source.integer(0, 1e9)), '\n'],
    () => 'I01\n',
    () => ['C', 1, 'x'],
  ]
  const reduce: Part[] = [
    'R',
    'b',
    's',
    'u',
    't',
    'a',
    'e',
    'd',
    'l',
    'o',
    '0',
    '1',
    '2',
    'Q',
    0x81,
    0x85,
    0x86,
    0x87,
    0x90,
    0x91,
    0x93,
    0x94,
  ]
  const rare: (() => Part)[] = [
    () => `i${name()}`,
    () => [0x82, 1],
    () => [0x84, u32(7)],
    () => 'P1\n',
    () => [0x92],
    () => [0x97],
    () => [0x95, u64(BigInt(length()))],
    () => [0x8b, u32(length())],
    () => ['r', u32(source.integer(0, 2 ** 32 - 1))],
    () => ['q', source.integer(0, 9)],
    () => ['p', String(source.integer(0, 99)), '\n'],
    () => source.integer(0, 255),
  ]
  for (let steps = source.integer(1, 60); steps > 0; steps--) {
    const pick = source.next()
    if (pick < 0.62) program.push(push[source.integer(0, push.length - 1)]!())
    else if (pick < 0.95) program.push(reduce[source.integer(0, reduce.length - 1)]!)
    else program.push(rare[source.integer(0, rare.length - 1)]!())
  }
  program.push('.')
  return program
}
