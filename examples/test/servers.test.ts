import { readFile } from 'node:fs/promises'
import { bun, deno, lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { installExample } from './example.ts'
import { expectedLabels, model, picture } from './page.ts'

interface Prediction {
  readonly label: string
  readonly score: number
}

/** Install `name`, start `command`, and ask what is in a picture and in what is none. */
async function ask(name: string, command: string, args: readonly string[]) {
  const example = await installExample(name)
  try {
    const server = await example.serve(command, args, { MODEL: model, DENO_NO_UPDATE_CHECK: '1' })
    try {
      const post = (body: BodyInit): Promise<Response> => fetch(server.url, { method: 'POST', body })
      const found = await post(new Uint8Array(await readFile(picture)))
      expect(found.status, server.log()).toBe(200)
      const labels = ((await found.json()) as Prediction[]).map(
        ({ label, score }) => `${label}: ${(100 * score).toFixed(1)} %`,
      )
      const refused = await post('no picture')
      expect(await refused.json()).toEqual({ error: expect.any(String) })
      const other = await fetch(server.url)
      return { labels: labels.join('\n'), refused: refused.status, other: other.status }
    } finally {
      await server.close()
    }
  } finally {
    await example.remove()
  }
}

describe.skipIf(lacking('registry'))('the servers of the examples say what is in a picture', () => {
  it('on Node, over a pool of threads', async () => {
    const labels = await expectedLabels()
    expect(await ask('node-service', 'npm', ['start'])).toEqual({ labels, refused: 400, other: 200 })
  })

  it.skipIf(lacking('bun'))('on Bun', async () => {
    const labels = await expectedLabels()
    expect(await ask('bun', bun, ['server.js'])).toEqual({ labels, refused: 400, other: 405 })
  })

  it.skipIf(lacking('deno'))('on Deno', async () => {
    const labels = await expectedLabels()
    const flags = ['net', 'read', 'write', 'env', 'sys', 'ffi'].map((name) => `--allow-${name}`)
    expect(await ask('deno', deno, ['run', ...flags, 'server.js'])).toEqual({
      labels,
      refused: 400,
      other: 405,
    })
  })
})
