import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask } from '../src/ask.ts'
import { createApp } from '../src/create-app.ts'
import { nextCommands } from '../src/next-commands.ts'
import { type Template, templates } from '../src/templates.ts'

const built = fileURLToPath(new URL('../dist/templates', import.meta.url))
const names = Object.keys(templates) as Template[]

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mobileone-create-'))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

/** The version of a package as it would be released now. */
function versionOf(name: string): string {
  const path = new URL(`../../${name.replace('@mobileone/', '')}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')).version
}

const read = (...path: string[]): string => readFileSync(join(scratch, ...path), 'utf8')
const make = (folder: string, model?: string, template: Template = 'vanilla'): Promise<void> =>
  createApp({ folder: join(scratch, folder), template, model, templates: built })

describe('the templates', () => {
  it('are those of the table', () => {
    expect(readdirSync(built).sort()).toEqual([...names].sort())
  })

  it.each(names)('%s: asks for the versions of this release', async (template) => {
    await make('app', undefined, template)
    const { dependencies } = JSON.parse(read('app', 'package.json'))
    const own = Object.entries(dependencies).filter(([name]) => name.startsWith('@mobileone/'))
    expect(own.map(([name]) => name)).toContain('@mobileone/sdk')
    for (const [name, range] of own) expect(range).toBe(`^${versionOf(name)}`)
    expect(JSON.stringify(dependencies)).not.toContain('workspace:')
  })
})

describe('an app', () => {
  it('bears the name of its folder, and brings no model', async () => {
    await make('my-app')
    expect(JSON.parse(read('my-app', 'package.json'))).toMatchObject({ name: 'my-app', private: true })
    expect(read('my-app', '.gitignore')).toMatch(/^node_modules$/m)
    expect(readdirSync(join(scratch, 'my-app'))).toEqual(
      expect.not.arrayContaining(['.env', 'public', 'gitignore']),
    )
  })

  it('brings a file of weights, or names another variant', async () => {
    writeFileSync(join(scratch, 'my weights.safetensors'), 'weights')
    await make('first', join(scratch, 'my weights.safetensors'))
    expect(read('first', 'public', 'my weights.safetensors')).toBe('weights')
    expect(read('first', '.env')).toBe('VITE_MODEL=./my%20weights.safetensors\n')
    await make('second', 'S3')
    expect(read('second', '.env')).toBe('VITE_MODEL=s3\n')
  })

  it('goes into an empty folder, which may be a repository', async () => {
    mkdirSync(join(scratch, 'app/.git'), { recursive: true })
    await make('app')
    expect(read('app', 'index.html')).toContain('<main>')
  })

  it('is not written where there are files, under a bad name or with a model that is none', async () => {
    mkdirSync(join(scratch, 'full'))
    writeFileSync(join(scratch, 'full/precious.txt'), '')
    writeFileSync(join(scratch, 'file'), '')
    await expect(make('full')).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/full holds files/),
    })
    await expect(make('file')).rejects.toMatchObject({ message: expect.stringMatching(/is a file/) })
    await expect(make('My App')).rejects.toMatchObject({ message: expect.stringMatching(/call it my-app$/) })
    await expect(make('node_modules')).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(make('new', 'nowhere.safetensors')).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(readdirSync(scratch).sort()).toEqual(['file', 'full'])
    expect(readdirSync(join(scratch, 'full'))).toEqual(['precious.txt'])
  })
})

describe('the questions', () => {
  /** What is answered to these keys, pressed one after another. */
  async function answer(given: Parameters<typeof ask>[0], ...keys: string[]) {
    const [input, output] = [new PassThrough(), new PassThrough()]
    output.resume()
    const answered = ask(given, { input, output })
    for (const key of keys) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      input.write(key)
    }
    return answered
  }
  const [enter, down, interrupt] = ['\r', '\u001b[B', '\u0003']

  it('are for what is not given', async () => {
    const folder = join(scratch, 'app')
    expect(await answer({ folder, template: 'vue' })).toEqual({ folder, template: 'vue' })
    expect(await answer({ folder, template: undefined }, down, enter)).toEqual({ folder, template: 'react' })
    expect(await answer({ folder: undefined, template: 'vue' }, folder, enter)).toEqual({
      folder,
      template: 'vue',
    })
  })

  it('come again for a folder that holds files', async () => {
    mkdirSync(join(scratch, 'full'))
    writeFileSync(join(scratch, 'full/file'), '')
    const found = await answer(
      { folder: undefined, template: 'vue' },
      join(scratch, 'full'),
      enter,
      join(scratch, 'new'),
      enter,
    )
    expect(found?.folder).toBe(join(scratch, 'new'))
  })

  it('can be cancelled', async () => {
    expect(await answer({ folder: undefined, template: undefined }, interrupt)).toBeUndefined()
    expect(await answer({ folder: 'app', template: undefined }, interrupt)).toBeUndefined()
  })
})

it('the next commands are those of the package manager', () => {
  expect(nextCommands(join(process.cwd(), 'my-app'), 'npm')).toEqual(['cd my-app', 'npm i', 'npm run dev'])
  expect(nextCommands(join(process.cwd(), 'my app'), 'pnpm')).toEqual([
    'cd "my app"',
    'pnpm i',
    'pnpm run dev',
  ])
  expect(nextCommands(process.cwd(), 'yarn')).toEqual(['yarn install', 'yarn run dev'])
  expect(nextCommands(process.cwd(), 'bun')).toEqual(['bun install', 'bun run dev'])
})
