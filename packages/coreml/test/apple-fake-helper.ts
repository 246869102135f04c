/**
 * Stands in for the Swift helper: the same arguments, frames and end, written apart from the host's side. The package's folder
 * is read by the interpreter. The environment variable MISBEHAVE makes it do what a helper should not.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Tensor, tensor } from '@mobileone/core'
import { interpretPackage } from '../src/run/interpreter.ts'

const [, , path = '', units = ''] = process.argv
const misbehave = process.env.MISBEHAVE ?? ''

function send(kind: number, body: Buffer): void {
  const head = Buffer.alloc(5)
  head.writeUInt32LE(body.length + 1)
  head.writeUInt8(kind, 4)
  const frame = Buffer.concat([head, body])
  // In two pieces, as pipes may deliver it.
  process.stdout.write(frame.subarray(0, 3))
  process.stdout.write(frame.subarray(3))
}

function readTensors(body: Buffer): Record<string, Tensor> {
  let at = 5
  const tensors: Record<string, Tensor> = {}
  for (let left = body.readUInt32LE(1); left > 0; left--) {
    const length = body.readUInt16LE(at)
    const name = body.toString('utf8', at + 2, at + 2 + length)
    at += 2 + length
    const rank = body.readUInt8(at++)
    const shape: number[] = []
    for (let axis = 0; axis < rank; axis++, at += 4) shape.push(body.readUInt32LE(at))
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    for (let index = 0; index < data.length; index++, at += 4) data[index] = body.readFloatLE(at)
    tensors[name] = tensor(shape, data)
  }
  if (at !== body.length) throw new Error(`${body.length - at} bytes too many`)
  return tensors
}

function writeTensors(tensors: Readonly<Record<string, Tensor>>): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32LE(Object.keys(tensors).length)
  const parts = [count]
  // The order of a Swift dictionary is any.
  for (const [name, { shape, data }] of Object.entries(tensors).reverse()) {
    const text = Buffer.from(name)
    const head = Buffer.alloc(2 + text.length + 1 + shape.length * 4 + data.length * 4)
    let at = head.writeUInt16LE(text.length)
    at += text.copy(head, at)
    at = head.writeUInt8(shape.length, at)
    for (const size of shape) at = head.writeUInt32LE(size, at)
    for (const value of data) at = head.writeFloatLE(value, at)
    parts.push(head)
  }
  return Buffer.concat(parts)
}

async function open(): Promise<ReturnType<typeof interpretPackage>> {
  const names = [
    'Manifest.json',
    'Data/com.apple.CoreML/model.mlmodel',
    'Data/com.apple.CoreML/weights/weight.bin',
  ]
  const files: Record<string, Uint8Array> = {}
  for (const name of names) files[name] = new Uint8Array(await readFile(join(path, name)))
  return interpretPackage({ name: 'fake', files })
}

if (misbehave === 'never-ready') await new Promise((resolve) => setTimeout(resolve, 60_000))
if (misbehave === 'refuse') {
  send(5, Buffer.from(`no such model, on ${units}`))
  process.exit(1)
}
if (misbehave === 'die-at-start') {
  process.stderr.write('dyld: Library not loaded')
  process.exit(134)
}
const executor = await open()
const version = Buffer.alloc(4)
version.writeUInt32LE(misbehave === 'other-version' ? 2 : 1)
send(2, version)
if (misbehave === 'babble') send(4, Buffer.from('unasked'))

async function answer(payload: Buffer): Promise<void> {
  if (misbehave === 'slow') await new Promise((resolve) => setTimeout(resolve, 300))
  if (misbehave === 'crash') process.kill(process.pid, 'SIGSEGV')
  else if (misbehave === 'garbage') process.stdout.write('Espresso: a line that does not belong here\n')
  else if (misbehave === 'huge') process.stdout.write(Buffer.from([255, 255, 255, 127, 3]))
  else if (misbehave === 'cut') {
    process.stdout.write(Buffer.from([100, 0, 0, 0, 3]))
    process.exit(0)
  } else if (misbehave === 'short') send(3, Buffer.from([1, 0, 0, 0, 9, 0, 65]))
  else if (misbehave === 'fail') send(4, Buffer.from('the Neural Engine is busy'))
  else if (misbehave === 'ready-again') send(2, version)
  else {
    const outputs = await executor.run(readTensors(payload))
    const changed = Object.entries(outputs).map(([name, value]) => {
      if (misbehave === 'other-shape') return [name, { ...value, shape: [value.data.length] }] as const
      return [misbehave === 'other-name' ? `${name}_2` : name, value] as const
    })
    send(3, writeTensors(Object.fromEntries(changed)))
  }
}

let rest = Buffer.alloc(0)
for await (const piece of process.stdin) {
  rest = Buffer.concat([rest, piece as Buffer])
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
    const length = rest.readUInt32LE(0)
    const payload = rest.subarray(4, 4 + length)
    rest = rest.subarray(4 + length)
    if (payload[0] === 1) await answer(payload)
    else send(4, Buffer.from('a request of an unknown kind'))
  }
}
if (misbehave === 'stay') await new Promise((resolve) => setTimeout(resolve, 60_000))
process.exit(0)
