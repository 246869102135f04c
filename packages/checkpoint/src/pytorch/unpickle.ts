/**
 * A pickle reader (protocols 0-5) that builds inert data. It is not an unpickler in Python's sense: it resolves no name and
 * calls nothing, and its loop does not recurse, so nesting cannot exhaust the stack. Every length is checked against the
 * file before it is used, and one byte of pickle makes at most one small object.
 * Opcodes: Python's `Lib/pickletools.py`.
 */
import { limits } from '../limits.ts'
import { build, refuseCode } from './globals.ts'
import { PickleBytes } from './pickle-bytes.ts'
import { PickleStack } from './pickle-stack.ts'
import { PyDict, PyGlobal, PyList, PyOpaque, PyTuple, type PyValue } from './values.ts'

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
  const input: PickleBytes = new PickleBytes(bytes, start, base)
  const stack: PickleStack = new PickleStack((what) => input.fail(what))
  // Honest pickles make less than one object per byte; the copies that some opcodes ask for count as objects too.
  const allowed = Math.min(limits.objects, bytes.length - start)
  let objects = 0
  const globals = new Map<string, Map<string, PyGlobal>>()

  const spend = (count: number): void => {
    objects += count
    if (objects > allowed) input.fail(`more than ${allowed} objects`)
  }
  const pushNew = (value: PyValue): void => {
    spend(1)
    stack.push(value)
  }
  const global = (module: string, name: string): PyGlobal => {
    if (module.length > limits.nameLength || name.length > limits.nameLength) {
      input.fail(`a Python name of ${module.length} and ${name.length} characters`)
    }
    let known = globals.get(module)
    if (!known) globals.set(module, (known = new Map()))
    let found = known.get(name)
    if (!found) {
      refuseCode(module, name, input.opcodeAt)
      const path = `${module}.${name}`
      spend(1 + Math.ceil(path.length / charactersPerObject))
      known.set(name, (found = new PyGlobal(path, input.opcodeAt)))
    }
    return found
  }
  const pushInteger = (value: number | bigint | undefined): void =>
    value === undefined
      ? pushNew(new PyOpaque('an integer of many digits', input.opcodeAt))
      : stack.push(value)
  const pushCall = (callee: PyValue, args: PyValue): void =>
    pushNew(build(callee, args, input.opcodeAt, spend))
  const setItems = (target: PyValue, items: readonly PyValue[]): void => {
    if (items.length % 2 !== 0) input.fail('a key without a value')
    if (target instanceof PyDict) {
      for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!)
    } else if (!(target instanceof PyOpaque)) input.fail('items are set on something that is not a dict')
  }
  const append = (target: PyValue, items: readonly PyValue[]): void => {
    if (target instanceof PyList) for (const item of items) target.items.push(item)
    else if (!(target instanceof PyOpaque)) input.fail('items are appended to something that is not a list')
  }

  for (;;) {
    const opcode = input.opcode()
    switch (opcode) {
      case 0x80: // PROTO
        checkProtocol(input)
        break
      case 0x95: // FRAME
        input.length64()
        break
      case 0x2e: // STOP
        return { value: stack.pop(), end: input.position, objects }

      case 0x28: // MARK
        stack.mark()
        break
      case 0x30: // POP
        stack.drop()
        break
      case 0x31: // POP_MARK
        stack.popMark()
        break
      case 0x32: // DUP
        stack.push(stack.top())
        break

      case 0x4e: // NONE
        stack.push(null)
        break
      case 0x88: // NEWTRUE
        stack.push(true)
        break
      case 0x89: // NEWFALSE
        stack.push(false)
        break
      case 0x4b: // BININT1
        stack.push(input.uint8())
        break
      case 0x4d: // BININT2
        stack.push(input.uint16())
        break
      case 0x4a: // BININT
        stack.push(input.int32())
        break
      case 0x49: {
        // INT
        const digits = input.line().trim()
        if (digits === '00' || digits === '01') stack.push(digits === '01')
        else pushInteger(input.integer(digits))
        break
      }
      case 0x4c: // LONG
        pushInteger(input.integer(input.line().trim()))
        break
      case 0x8a: // LONG1
        pushInteger(input.long(input.uint8()))
        break
      case 0x8b: // LONG4
        pushInteger(input.long(input.uint32()))
        break
      case 0x47: // BINFLOAT
        stack.push(input.float64())
        break
      case 0x46: // FLOAT
        stack.push(Number(input.line()))
        break

      case 0x58: // BINUNICODE
        stack.push(input.text(input.uint32()))
        break
      case 0x8c: // SHORT_BINUNICODE
        stack.push(input.text(input.uint8()))
        break
      case 0x8d: // BINUNICODE8
        stack.push(input.text(input.length64()))
        break
      case 0x56: // UNICODE
        stack.push(input.line())
        break
      case 0x54: // BINSTRING
        stack.push(input.text(input.uint32()))
        break
      case 0x55: // SHORT_BINSTRING
        stack.push(input.text(input.uint8()))
        break
      case 0x53: // STRING
        stack.push(input.line().replace(/^(['"])(.*)\1$/, '$2'))
        break
      case 0x42: // BINBYTES
        input.skip(input.uint32())
        stack.push(someBytes)
        break
      case 0x43: // SHORT_BINBYTES
        input.skip(input.uint8())
        stack.push(someBytes)
        break
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        input.skip(input.length64())
        stack.push(someBytes)
        break

      case 0x29: // EMPTY_TUPLE
        stack.push(emptyTuple)
        break
      case 0x74: // TUPLE
        pushNew(new PyTuple(stack.popMark()))
        break
      case 0x85: // TUPLE1
        pushNew(new PyTuple([stack.pop()]))
        break
      case 0x86: {
        // TUPLE2
        const second = stack.pop()
        pushNew(new PyTuple([stack.pop(), second]))
        break
      }
      case 0x87: {
        // TUPLE3
        const third = stack.pop()
        const second = stack.pop()
        pushNew(new PyTuple([stack.pop(), second, third]))
        break
      }
      case 0x5d: // EMPTY_LIST
        pushNew(new PyList())
        break
      case 0x6c: {
        // LIST
        const list = new PyList()
        append(list, stack.popMark())
        pushNew(list)
        break
      }
      case 0x61: {
        // APPEND
        const item = stack.pop()
        append(stack.top(), [item])
        break
      }
      case 0x65: {
        // APPENDS
        const items = stack.popMark()
        append(stack.top(), items)
        break
      }
      case 0x7d: // EMPTY_DICT
        pushNew(new PyDict())
        break
      case 0x64: {
        // DICT
        const dict = new PyDict()
        setItems(dict, stack.popMark())
        pushNew(dict)
        break
      }
      case 0x73: {
        // SETITEM
        const value = stack.pop()
        const key = stack.pop()
        setItems(stack.top(), [key, value])
        break
      }
      case 0x75: {
        // SETITEMS
        const items = stack.popMark()
        setItems(stack.top(), items)
        break
      }
      case 0x8f: // EMPTY_SET
        pushNew(new PyOpaque('set', input.opcodeAt))
        break
      case 0x90: {
        // ADDITEMS
        const items = stack.popMark()
        append(stack.top(), items)
        break
      }
      case 0x91: // FROZENSET
        stack.popMark()
        pushNew(new PyOpaque('frozenset', input.opcodeAt))
        break

      case 0x70: // PUT
        stack.remember(input.memoIndex())
        break
      case 0x71: // BINPUT
        stack.remember(input.uint8())
        break
      case 0x72: // LONG_BINPUT
        stack.remember(input.uint32())
        break
      case 0x94: // MEMOIZE
        stack.remember()
        break
      case 0x67: // GET
        stack.recall(input.memoIndex())
        break
      case 0x68: // BINGET
        stack.recall(input.uint8())
        break
      case 0x6a: // LONG_BINGET
        stack.recall(input.uint32())
        break

      case 0x63: {
        // GLOBAL
        const module = input.line()
        stack.push(global(module, input.line()))
        break
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = stack.pop()
        const module = stack.pop()
        if (typeof name !== 'string' || typeof module !== 'string') input.fail('a global without a name')
        else stack.push(global(module, name))
        break
      }
      case 0x69: {
        // INST
        const module = input.line()
        const callee = global(module, input.line())
        pushCall(callee, new PyTuple(stack.popMark()))
        break
      }
      case 0x6f: {
        // OBJ
        const [callee = null, ...args] = stack.popMark()
        pushCall(callee, new PyTuple(args))
        break
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = stack.pop()
        pushCall(stack.pop(), args)
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        stack.pop()
        const args = stack.pop()
        pushCall(stack.pop(), args)
        break
      }
      case 0x62: // BUILD
        stack.pop()
        stack.top()
        break
      case 0x51: // BINPERSID
        pushNew(persistent(stack.pop(), input.opcodeAt))
        break
      case 0x50: // PERSID
        input.fail('a persistent id in text, which torch.save never writes,')
        break
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        input.fail('an extension code, which torch.save never writes,')
        break
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        input.fail('an out-of-band buffer, which torch.save never writes,')
        break
      default:
        input.fail(`${opcode} is not a pickle opcode`)
    }
  }
}

/** Text of names made by joining counts as objects, too. */
const charactersPerObject = 32
const emptyTuple = new PyTuple([])
const someBytes = new PyOpaque('bytes', 0)

function checkProtocol(input: PickleBytes): void {
  const protocol = input.uint8()
  if (protocol > 5) input.fail(`pickle protocol ${protocol} is not known; protocols 0 to 5 are read,`)
}
