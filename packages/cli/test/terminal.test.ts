import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import type { Model } from '@mobileone/core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProject, type Project, tiny } from './program.ts'

/** Colours, a window title, the eight-bit form of both, text that runs backwards, a line that is not ours. */
const tricks = ['\u001b[31mred', '\u001b]0;title\u0007', 'gpj.\u202egnp \u009b2J\nmobileone: forged'] as const
/** Everything that acts on a terminal; lines are ours. */
const acting = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u
const acts = (text: string): boolean => acting.test(text.replaceAll('\n', ''))

const hostile: Model = {
  ...tiny,
  name: `tiny${tricks[0]}${tricks[2]}`,
  card: { ...tiny.card, labels: [...tricks], source: tricks[1], licence: tricks[0] },
}
const picture = 'red\u001b[31m\u202e.png'

let project: Project
beforeAll(async () => {
  project = await openProject()
  const at = (...names: readonly string[]): string => join(project.folder, ...names)
  writeFileSync(at('hostile.safetensors'), toSafetensors(hostile))
  mkdirSync(at('pictures', '0'), { recursive: true })
  const image = sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).png()
  await image.clone().toFile(at('pictures', '0', picture))
  await image.clone().toFile(at(picture))
})
afterAll(() => project?.remove())

it.each([
  ['classify', picture, '-w', 'hostile.safetensors'],
  ['eval', 'pictures', '-w', 'hostile.safetensors'],
  ['inspect', 'hostile.safetensors'],
  ['reparam', 'hostile.safetensors', '-o', 'folded.safetensors'],
  ['export', 'hostile.safetensors', '-o', 'out\u001b[31m.onnx'],
])('%s prints nothing that acts on a terminal', async (...args) => {
  const { code, stdout, stderr } = await project.run(args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(acts(stdout)).toBe(false)
  expect(stdout).not.toMatch(/^mobileone: forged/m)
})

it('shows them as text, and in JSON as they are', async () => {
  const { stdout } = await project.run(['classify', picture, '-w', 'hostile.safetensors'])
  expect(stdout).toContain('red\\u001b[31m\\u202e.png\n')
  expect(stdout).toContain('  gpj.\\u202egnp \\u009b2J\\u000amobileone: forged  ')
  const json = await project.run(['classify', picture, '-w', 'hostile.safetensors', '--json'])
  expect(acts(json.stdout)).toBe(false)
  const [{ file, top }] = JSON.parse(json.stdout) as [{ file: string; top: { label: string }[] }]
  expect([file, top.map(({ label }) => label).sort()]).toEqual([picture, [...tricks].sort()])
})

it('escapes what a Core ML file says of itself', async () => {
  await project.json(['export', 'hostile.safetensors', '-o', 'hostile.mlpackage'])
  const { code, stdout } = await project.run(['inspect', 'hostile.mlpackage'])
  expect([code, acts(stdout)]).toEqual([0, false])
  expect(stdout).toContain('\\u001b')
})

it('escapes errors: paths, keys of a file, the words of a server', async () => {
  const weights = {
    ...tiny.weights,
    'stem.extra\u001b[31m\u009b': tiny.weights['head.bias'],
  } as Model['weights']
  writeFileSync(join(project.folder, 'extra.safetensors'), toSafetensors({ ...tiny, weights }))
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end('HTTP/1.1 404 Not\u009b31m Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.safetensors`
  try {
    for (const source of ['none\u001b[31m\u202e.pth', 'extra.safetensors', url]) {
      const { code, stderr } = await project.run(['inspect', source])
      expect([source, code, acts(stderr)]).toEqual([source, 1, false])
    }
    const { code, stdout, stderr } = await project.run(['classify', url, '-w', 'tiny.safetensors'])
    expect([code, acts(stdout + stderr)]).toEqual([1, false])
    expect(stderr).toContain('the server answered 404 Not\\u009b31m Found')
  } finally {
    server.close()
  }
})
