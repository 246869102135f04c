import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it, test, vi } from 'vitest'
import { type Block, blocksOf, documents, place } from './blocks.ts'
import { cases, notOfThisMachine } from './cases.ts'
import { compile } from './compile.ts'
import { root } from './exports.ts'
import { cliCommands, ShellCheck } from './shell.ts'
import { commandsOf } from './shell-words.ts'
import { at, isCode, placeSnippet, type Snippet } from './snippet.ts'
import { testedFiles } from './tested-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-snippets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = documents().flatMap((document) => blocksOf(document))
const code = blocks.filter(isCode)
const shell = blocks.filter(({ language }) => language === 'sh')
/** Output of programs, listings of models, files of data. */
const isData = ({ language }: Block): boolean => ['', 'text', 'json'].includes(language)

const tested = testedFiles()
const snippets = code.map((block) => placeSnippet(block, folder, caseOf(block), tested))
const toRun = snippets.filter(({ tested: same, known }) => !same && known?.compiledOnly === undefined)

function caseOf(block: Block) {
  return cases.find(({ document, has }) => document === block.document && block.text.includes(has))
}

test('every block of every document is code, shell, data, or of another machine by name', () => {
  expect(blocks.length).toBeGreaterThan(60)
  const others = blocks.filter((block) => !isCode(block) && !shell.includes(block) && !isData(block))
  const unknown = others.filter(({ language }) => !Object.hasOwn(notOfThisMachine, language))
  expect(unknown.map((block) => `${place(block)}: nobody checks ${block.language}`)).toEqual([])
})

test('every row of the table is of one block, which needs it', () => {
  const stale = cases.filter(({ document, has }) => {
    const matching = snippets.filter(({ block }) => block.document === document && block.text.includes(has))
    return matching.length !== 1 || matching[0]?.tested !== undefined
  })
  expect(stale.map(({ document, has }) => `${document}: ${has}`)).toEqual([])
})

test('all code compiles', async () => {
  const only = snippets.flatMap((snippet) =>
    snippet.known?.compiledOnly ? [`  ${at(snippet, snippet.before)}: ${snippet.known.compiledOnly}`] : [],
  )
  const byTests = snippets.filter(({ tested: same }) => same).length
  console.log(
    [
      `${blocks.length} blocks: ${code.length} of code, ${shell.length} of shell, ${blocks.filter(isData).length} of data`,
      `${byTests} run by tests of their own, ${toRun.length} run here; compiled only:`,
      ...only,
    ].join('\n'),
  )
  expect(await compile(snippets, folder)).toEqual([])
})

describe('runs', () => {
  it.each(toRun.map((snippet) => [place(snippet.block), snippet] as const))('%s', async (_, snippet) => {
    await run(snippet)
  })
})

/** Run a snippet in its own folder, without a network; what it exports has to be called by its row. */
async function run({ file, known }: Snippet): Promise<void> {
  const before = process.cwd()
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  vi.stubGlobal('fetch', async () => {
    if (known?.served === undefined) throw new Error('snippets run without a network')
    return new Response(readFileSync(join(root, known.served)))
  })
  vi.stubEnv('MOBILEONE_CACHE', join(folder, 'cache'))
  process.chdir(dirname(dirname(file)))
  try {
    const exports = (await import(/* @vite-ignore */ file)) as Record<string, unknown>
    const uncalled = new Set<string>()
    const observed = Object.entries(exports).map(([name, value]) => {
      if (typeof value !== 'function') return [name, value]
      uncalled.add(name)
      const observe = (...args: unknown[]): unknown => {
        uncalled.delete(name)
        return value(...args)
      }
      return [name, observe]
    })
    await known?.check?.(Object.fromEntries(observed), log.mock.calls)
    expect([...uncalled], 'functions that the row in cases.ts has to call').toEqual([])
  } finally {
    process.chdir(before)
    vi.unstubAllGlobals()
    vi.unstubAllEnvs()
    log.mockRestore()
  }
}

test('shell blocks call what there is, with flags it has', async () => {
  const check = new ShellCheck(await cliCommands())
  const problems: string[] = []
  let count = 0
  for (const block of shell) {
    for (const command of commandsOf(block.text)) {
      count++
      const problem = await check.problem(command, block)
      if (problem) problems.push(problem)
    }
  }
  expect(count).toBeGreaterThan(50)
  expect(problems).toEqual([])
})
