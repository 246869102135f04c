/**
 * A pickle reader (protocols 0-5) that builds inert data. It is not an unpickler in Python's sense: it resolves no name and
 * calls nothing, and its loop does not recurse, so nesting cannot exhaust the stack. Every length is checked against the
 * file before it is used, and one byte of pickle makes at most one small object.
 * Opcodes: Python's `Lib/pickletools.py`.
 */
import { invalidFile } from '../fail.ts'
import { build, refuseCode, show } from './globals.ts'
import { PyDict, PyGlobal, PyList, PyOpaque, PyTuple, type PyValue } from './values.ts'

const maxObjects = 300_000
const maxStack = 300_000
const maxMemo = 1_000_000
const maxIntegerBytes = 1024

export interface Unpickled {
  readonly value: PyValue
  /** Where the byte after STOP lies. */
  readonly end: number
  /** How many objects were made: what bounds the memory of one pickle. */
  readonly objects: number
}

/**
 * Read one pickle.
 * @param bytes The file, or the record that holds the pickle.
 * @param start Where the pickle begins.
 * @param base What to add to offsets in messages, so that they are offsets in the file.
 * @param persistent What a persistent id, in PyTorch a storage, stands for.
 * @throws MobileOneError `invalid-file`, with the byte offset.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  base: number,
  persistent: (id: PyValue, at: number) => PyValue,
): Unpickled {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const utf8 = new TextDecoder()
  const stack: PyValue[] = []
  const marks: number[] = []
  const memo: PyValue[] = []
  const sparseMemo = new Map<number, PyValue>()
  // Honest pickles make less than one object per byte; the copies that some opcodes ask for count as objects too.
  const allowed = Math.min(maxObjects, bytes.length - start)
  let objects = 0
  let at = start
  let opcodeAt = start

  const fail = (what: string): never => invalidFile(`PyTorch file: ${what} at byte ${base + opcodeAt}`)
  const need = (count: number): number => {
    if (count > bytes.length - at) fail(`the pickle is cut short: ${count} bytes are missing`)
    at += count
    return at - count
  }
  const push = (value: PyValue): void => {
    if (stack.length >= maxStack) fail(`more than ${maxStack} values on the stack`)
    stack.push(value)
  }
  const spend = (count: number): void => {
    objects += count
    if (objects > allowed) fail(`more than ${allowed} objects`)
  }
  const made = <T extends PyValue>(value: T): T => {
    spend(1)
    return value
  }
  const floor = (): number => (marks.length > 0 ? marks[marks.length - 1]! : 0)
  const pop = (): PyValue => {
    if (stack.length <= floor()) fail('nothing is left on the stack')
    return stack.pop()!
  }
  const top = (): PyValue => {
    if (stack.length <= floor()) fail('nothing is left on the stack')
    return stack[stack.length - 1]!
  }
  const popMark = (): PyValue[] => {
    const mark = marks.pop()
    if (mark === undefined) return fail('a mark is missing')
    return stack.splice(mark)
  }
  const remember = (index: number): void => {
    const value = top()
    if (memo.length + sparseMemo.size >= maxMemo) fail(`more than ${maxMemo} memo entries`)
    if (index < memo.length) memo[index] = value
    else if (index === memo.length) memo.push(value)
    else sparseMemo.set(index, value)
  }
  const recall = (index: number): void => {
    const value = memo[index] ?? (index < memo.length ? null : sparseMemo.get(index))
    if (value === undefined) fail(`memo ${index} was never stored`)
    else push(value)
  }
  const length64 = (): number => {
    const value = view.getBigUint64(need(8), true)
    if (value > BigInt(bytes.length)) fail(`a length of ${value} in a file of ${bytes.length} bytes`)
    return Number(value)
  }
  const text = (length: number): string => {
    const from = need(length)
    return utf8.decode(bytes.subarray(from, from + length))
  }
  const raw = (length: number): Uint8Array => {
    const from = need(length)
    return bytes.subarray(from, from + length)
  }
  const line = (): string => {
    const end = bytes.indexOf(10, at)
    if (end < 0) return fail('a line without an end')
    const from = at
    at = end + 1
    return utf8.decode(bytes.subarray(from, end))
  }
  const integer = (digits: string): number | bigint => {
    if (!/^[+-]?\d{1,1024}L?$/.test(digits)) return fail(`${show(digits)} is not an integer`)
    return narrow(BigInt(digits.replace(/^\+|L$/g, '')))
  }
  const long = (length: number): number | bigint => {
    if (length > maxIntegerBytes) return fail(`an integer of ${length} bytes`)
    return decodeLong(raw(length))
  }
  const global = (module: string, name: string): PyGlobal => {
    refuseCode(module, name, base + opcodeAt)
    return made(new PyGlobal(`${module}.${name}`, base + opcodeAt))
  }
  const call = (callee: PyValue, args: PyValue): PyValue => made(build(callee, args, base + opcodeAt, spend))
  const setItems = (target: PyValue, items: readonly PyValue[]): void => {
    if (items.length % 2 !== 0) fail('a key without a value')
    if (target instanceof PyDict) {
      for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!)
    } else if (!(target instanceof PyOpaque)) fail('items are set on something that is not a dict')
  }
  const append = (target: PyValue, items: readonly PyValue[]): void => {
    if (target instanceof PyList) for (const item of items) target.items.push(item)
    else if (!(target instanceof PyOpaque)) fail('items are appended to something that is not a list')
  }
  const extension = (): never => fail('an extension code, which torch.save never writes,')

  for (;;) {
    opcodeAt = at
    const opcode = bytes[need(1)]!
    switch (opcode) {
      case 0x80: // PROTO
        if (bytes[need(1)]! > 5)
          fail(`pickle protocol ${bytes[at - 1]} is not known; protocols 0 to 5 are read,`)
        break
      case 0x95: // FRAME
        length64()
        break
      case 0x2e: // STOP
        return { value: pop(), end: at, objects }

      case 0x28: // MARK
        if (marks.length >= maxStack) fail(`more than ${maxStack} marks`)
        marks.push(stack.length)
        break
      case 0x30: // POP
        if (stack.length > floor()) stack.pop()
        else if (marks.pop() === undefined) fail('nothing is left on the stack')
        break
      case 0x31: // POP_MARK
        popMark()
        break
      case 0x32: // DUP
        push(top())
        break

      case 0x4e: // NONE
        push(null)
        break
      case 0x88: // NEWTRUE
        push(true)
        break
      case 0x89: // NEWFALSE
        push(false)
        break
      case 0x4b: // BININT1
        push(bytes[need(1)]!)
        break
      case 0x4d: // BININT2
        push(view.getUint16(need(2), true))
        break
      case 0x4a: // BININT
        push(view.getInt32(need(4), true))
        break
      case 0x49: {
        // INT
        const digits = line().trim()
        push(digits === '00' ? false : digits === '01' ? true : integer(digits))
        break
      }
      case 0x4c: // LONG
        push(integer(line().trim()))
        break
      case 0x8a: // LONG1
        push(long(bytes[need(1)]!))
        break
      case 0x8b: // LONG4
        push(long(view.getUint32(need(4), true)))
        break
      case 0x47: // BINFLOAT
        push(view.getFloat64(need(8), false))
        break
      case 0x46: // FLOAT
        push(Number(line()))
        break

      case 0x58: // BINUNICODE
        push(text(view.getUint32(need(4), true)))
        break
      case 0x8c: // SHORT_BINUNICODE
        push(text(bytes[need(1)]!))
        break
      case 0x8d: // BINUNICODE8
        push(text(length64()))
        break
      case 0x56: // UNICODE
        push(line())
        break
      case 0x54: // BINSTRING
        push(text(view.getUint32(need(4), true)))
        break
      case 0x55: // SHORT_BINSTRING
        push(text(bytes[need(1)]!))
        break
      case 0x53: // STRING
        push(line().replace(/^(['"])(.*)\1$/, '$2'))
        break
      case 0x42: // BINBYTES
        need(view.getUint32(need(4), true))
        push(someBytes)
        break
      case 0x43: // SHORT_BINBYTES
        need(bytes[need(1)]!)
        push(someBytes)
        break
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        need(length64())
        push(someBytes)
        break

      case 0x29: // EMPTY_TUPLE
        push(emptyTuple)
        break
      case 0x74: // TUPLE
        push(made(new PyTuple(popMark())))
        break
      case 0x85: // TUPLE1
        push(made(new PyTuple([pop()])))
        break
      case 0x86: {
        // TUPLE2
        const second = pop()
        push(made(new PyTuple([pop(), second])))
        break
      }
      case 0x87: {
        // TUPLE3
        const third = pop()
        const second = pop()
        push(made(new PyTuple([pop(), second, third])))
        break
      }
      case 0x5d: // EMPTY_LIST
        push(made(new PyList()))
        break
      case 0x6c: {
        // LIST
        const list = made(new PyList())
        append(list, popMark())
        push(list)
        break
      }
      case 0x61: {
        // APPEND
        const item = pop()
        append(top(), [item])
        break
      }
      case 0x65: {
        // APPENDS
        const items = popMark()
        append(top(), items)
        break
      }
      case 0x7d: // EMPTY_DICT
        push(made(new PyDict()))
        break
      case 0x64: {
        // DICT
        const dict = made(new PyDict())
        setItems(dict, popMark())
        push(dict)
        break
      }
      case 0x73: {
        // SETITEM
        const value = pop()
        const key = pop()
        setItems(top(), [key, value])
        break
      }
      case 0x75: {
        // SETITEMS
        const items = popMark()
        setItems(top(), items)
        break
      }
      case 0x8f: // EMPTY_SET
        push(made(new PyOpaque('set', base + opcodeAt)))
        break
      case 0x90: {
        // ADDITEMS
        const items = popMark()
        append(top(), items)
        break
      }
      case 0x91: // FROZENSET
        popMark()
        push(made(new PyOpaque('frozenset', base + opcodeAt)))
        break

      case 0x70: // PUT
        remember(memoIndex(integer(line().trim()), fail))
        break
      case 0x71: // BINPUT
        remember(bytes[need(1)]!)
        break
      case 0x72: // LONG_BINPUT
        remember(view.getUint32(need(4), true))
        break
      case 0x94: // MEMOIZE
        remember(memo.length)
        break
      case 0x67: // GET
        recall(memoIndex(integer(line().trim()), fail))
        break
      case 0x68: // BINGET
        recall(bytes[need(1)]!)
        break
      case 0x6a: // LONG_BINGET
        recall(view.getUint32(need(4), true))
        break

      case 0x63: {
        // GLOBAL
        const module = line()
        push(global(module, line()))
        break
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = pop()
        const module = pop()
        if (typeof name !== 'string' || typeof module !== 'string') fail('a global without a name')
        else push(global(module, name))
        break
      }
      case 0x69: {
        // INST
        const module = line()
        const callee = global(module, line())
        push(call(callee, new PyTuple(popMark())))
        break
      }
      case 0x6f: {
        // OBJ
        const [callee = null, ...args] = popMark()
        push(call(callee, new PyTuple(args)))
        break
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        pop()
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 0x62: // BUILD
        pop()
        top()
        break
      case 0x51: // BINPERSID
        push(made(persistent(pop(), base + opcodeAt)))
        break
      case 0x50: // PERSID
        fail('a persistent id in text, which torch.save never writes,')
        break
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        extension()
        break
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        fail('an out-of-band buffer, which torch.save never writes,')
        break
      default:
        fail(`${opcode} is not a pickle opcode`)
    }
  }
}

const emptyTuple = new PyTuple([])
const someBytes = new PyOpaque('bytes', 0)

function memoIndex(value: number | bigint, fail: (what: string) => never): number {
  if (typeof value !== 'number' || value < 0) return fail(`the memo index ${value}`)
  return value
}

/** Little-endian two's complement; no bytes is zero. */
function decodeLong(bytes: Uint8Array): number | bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  if (bytes.length > 0 && bytes[bytes.length - 1]! & 0x80) value -= 1n << BigInt(8 * bytes.length)
  return narrow(value)
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
