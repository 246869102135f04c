import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { root } from './exports.ts'
import { at, type Snippet } from './snippet.ts'

const compiler = join(root, 'tooling/node_modules/typescript-7.0/bin/tsc')

const unused = new Set([6133, 6192, 6196, 6198])

/** What JavaScript gets wrong, with or without types: names, modules, exports and options that are not there. */
const wrongNames = new Set([2304, 2305, 2307, 2353, 2551, 2552, 2561, 2724])

interface Diagnostic {
  /** Absolute; empty for what is wrong with the program. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  readonly code: number
  readonly message: string
}

/**
 * Type-check snippets against the sources of the workspace, strictly, in one program whose configuration lies in `folder`. A name that
 * nothing uses is allowed, since readers go on from there, but for an import. JavaScript that is run is held to its names alone.
 */
export async function compile(snippets: readonly Snippet[], folder: string): Promise<string[]> {
  const diagnostics = await diagnose([...new Set(snippets.map(({ file }) => file))], folder)
  const ofProgram = diagnostics.filter(({ file }) => file === '').map(({ message }) => message)
  const ofSnippets = snippets.flatMap((snippet) => {
    const isLoose = /\.m?jsx?$/.test(snippet.file) && snippet.known?.compiledOnly === undefined
    return diagnostics
      .filter(({ file }) => file === snippet.file)
      .filter((found) => !unused.has(found.code) || isInImport(found))
      .filter(({ code }) => !isLoose || code < 2000 || wrongNames.has(code))
      .map(({ line, message }) => `${at(snippet, line - 1)}: ${message}`)
  })
  return [...ofProgram, ...ofSnippets]
}

/** What the native compiler says of `files`. */
async function diagnose(files: readonly string[], folder: string): Promise<Diagnostic[]> {
  const project = join(folder, 'tsconfig.json')
  const compilerOptions = {
    allowJs: true,
    checkJs: true,
    jsx: 'react-jsx',
    moduleDetection: 'force',
    noUnusedParameters: false,
    typeRoots: [join(root, 'node_modules/@types')],
  }
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }),
  )
  const args = [compiler, '--project', project, '--pretty', 'false']
  const said = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 28 }).then(
    () => '',
    (error: Error & { stdout?: string }) => error.stdout || Promise.reject(error),
  )
  const found: Diagnostic[] = []
  for (const text of said.split('\n')) {
    const [, file, line, column, code, message] =
      /^(?:(.+?)\((\d+),(\d+)\): )?error TS(\d+): (.*)$/.exec(text) ?? []
    const last = found.at(-1)
    if (code !== undefined) {
      found.push({
        file: file === undefined ? '' : resolve(root, file),
        ...{ line: Number(line), column: Number(column), code: Number(code), message: message ?? '' },
      })
    } else if (text !== '' && last) {
      found[found.length - 1] = { ...last, message: `${last.message}\n${text}` }
    }
  }
  if (found.length === 0 && said !== '') throw new Error(said)
  return found
}

function isInImport({ file, line, column }: Diagnostic): boolean {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const position = source.getPositionOfLineAndCharacter(line - 1, column - 1)
  return source.statements.some(
    (statement) => ts.isImportDeclaration(statement) && statement.pos <= position && position < statement.end,
  )
}
