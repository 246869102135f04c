import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { root } from './exports.ts'

/** A file whose whole text may stand in a document, and the test that runs it. */
export interface TestedFile {
  /** From the root. */
  readonly path: string
  readonly text: string
  readonly test: string
}

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path)
const isCode = (path: string): boolean => /\.(ts|tsx|js|mjs|vue|html|css|swift)$/.test(path)

/**
 * Files beside tests and in `examples` that a test runs: it imports them, or names their address, itself or by way of
 * another such file.
 */
export function testedFiles(): TestedFile[] {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const files = codeIn().map((path) => ({ path, text: read(path) }))
  const found = new Map<string, TestedFile>()
  let reached = files.filter(({ path }) => isTest(path)).map((file) => ({ ...file, test: file.path }))
  for (const file of reached) found.set(file.path, file)
  while (reached.length > 0) {
    const next: TestedFile[] = []
    for (const file of files) {
      if (found.has(file.path)) continue
      const user = reached.find((one) => runs(one, file.path))
      if (!user) continue
      const tested = { ...file, test: user.test }
      found.set(file.path, tested)
      next.push(tested)
    }
    reached = next
  }
  return [...found.values()]
}

function codeIn(): string[] {
  const list = (folder: string): string[] => {
    if (!existsSync(join(root, folder))) return []
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (/^(node_modules|dist|data|fixtures|\..*)$/.test(entry.name)) return []
      if (entry.isDirectory()) return list(path)
      return isCode(path) ? [path] : []
    })
  }
  const tests = (folder: string): string[] =>
    readdirSync(join(root, folder)).flatMap((name) => list(`${folder}/${name}/test`))
  return [...tests('packages'), ...tests('apps'), ...list('examples')]
}

/** An example's own files run together; elsewhere `from` has to import `path` or make an address of it. */
function runs(from: TestedFile, path: string): boolean {
  const example = /^examples\/[^/]+\//.exec(path)?.[0]
  if (example && from.path.startsWith(example)) return true
  const name = basename(path).replaceAll('.', '\\.')
  if (dirname(from.path) === dirname(path) || path.startsWith(`${dirname(from.path)}/`)) {
    const inner = relative(dirname(from.path), dirname(path)).replaceAll('.', '\\.')
    const address = `['"\`](\\./)?${inner ? `${inner}/` : ''}${name}['"\`]`
    return new RegExp(`(from |import\\(|import |new URL\\(|here\\(|entry: )${address}`).test(from.text)
  }
  return example !== undefined && from.text.includes(example.slice(0, -1))
}
