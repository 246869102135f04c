import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { installExample } from './example.ts'
import { expectedLabels, labelsOnPage, labelText, model, picture, serveFiles } from './page.ts'

/** Install and build an example that becomes static files in `folder`, and compare what its page says with the SDK in Node. */
export async function checkStaticPage(name: string, folder = 'dist'): Promise<void> {
  const example = await installExample(name)
  try {
    await example.run('npm', ['run', 'build'])
    const server = await serveFiles(join(example.folder, folder))
    try {
      expect(await labelsOnPage(server.url)).toBe(await expectedLabels())
    } finally {
      await server.close()
    }
  } finally {
    await example.remove()
  }
}

/**
 * Install, build and start an example that serves a page and `/api/label`; both must say what the SDK in Node does, and a body that is
 * no picture must be refused.
 */
export async function checkServedPage(
  name: string,
  options: { readonly currentNode?: boolean } = {},
): Promise<void> {
  const example = await installExample(name, options)
  try {
    await example.run('npm', ['run', 'build'])
    const server = await example.serve('npm', ['start'], { MODEL: model })
    try {
      const expected = await expectedLabels()
      const post = (body: BodyInit): Promise<Response> =>
        fetch(`${server.url}/api/label`, {
          method: 'POST',
          body,
          headers: { 'Content-Type': 'application/octet-stream' },
        })
      const answer = await post(await readFile(picture))
      const text = await answer.text()
      expect(answer.status, `${text}\n${server.log()}`).toBe(200)
      expect(labelText(JSON.parse(text))).toBe(expected)
      expect((await post('no picture')).status).toBe(400)
      expect(await labelsOnPage(server.url)).toBe(expected)
    } finally {
      await server.close()
    }
  } finally {
    await example.remove()
  }
}
