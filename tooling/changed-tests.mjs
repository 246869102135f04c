/**
 * The test files that a change touches. A file is taken to need every file that it names in a string: modules it imports, pages it has
 * bundled, programs it starts, fixtures. Of what is built (`dist`) it needs all sources of that package. vitest's own `--changed` sees
 * imports alone, and most tests in browsers have none of what they test.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { root } from './bootstrap.mjs'

const SOURCES = new Set(['.ts', '.tsx', '.mts', '.mjs', '.js', '.cjs', '.vue'])
/** What every test may depend on: the compiler, the bundler, the test runner, the installed libraries. */
const FOR_ALL =
  /^(pnpm-lock\.yaml|pnpm-workspace\.yaml|package\.json|vitest\.config\.ts|turbo\.json|tsconfig(\.base)?\.json|tooling\/(fast-equality\.ts|tsdown\.base\.ts|notices\.mjs|portable-declarations\.mjs|kernels\.mjs|bootstrap\.mjs))$/
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.turbo', 'screenshots'])

/** Paths, from the root, of what differs from `ref` in the working tree, new files included. */
export function changedFiles(ref) {
  const git = (...args) => {
    try {
      return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      throw new Error(`git ${args.join(' ')}: ${String(error.stderr ?? error.message).trim()}`)
    }
  }
  const lines = (text) => text.split('\n').filter((line) => line !== '')
  const base = git('merge-base', ref, 'HEAD').trim()
  return [
    ...new Set([
      ...lines(git('diff', '--name-only', base)),
      ...lines(git('ls-files', '--others', '--exclude-standard')),
    ]),
  ]
}

/** Paths, from the root, of the test files that need one of `changed`; undefined where every test may. */
export function testsOf(changed) {
  if (changed.some((file) => FOR_ALL.test(file))) return undefined
  const packages = workspacePackages()
  const more = changed.flatMap((file) => changedWith(file, packages))
  const wanted = new Set([...changed.map((file) => join(root, file)), ...more])
  const needs = new Map()
  const needsOf = (file) => {
    if (!needs.has(file)) needs.set(file, namedFiles(file, packages))
    return needs.get(file)
  }
  const reaches = (test) => {
    const seen = new Set([test])
    for (const file of seen) {
      if (wanted.has(file)) return true
      for (const next of needsOf(file)) seen.add(next)
    }
    return false
  }
  return ['packages', 'apps', 'examples', 'tooling']
    .flatMap((group) => filesBelow(join(root, group)))
    .filter((file) => file.endsWith('.test.ts') && reaches(file))
    .map((file) => relative(root, file).split(sep).join('/'))
}

/**
 * What else is another one when `file` is: kernels are compiled from `assembly` into `src/generated`, which git does not hold; how a
 * package is built concerns all its sources; the tests of the documents read every one.
 */
function changedWith(file, packages) {
  if (file.endsWith('.md')) return filesBelow(join(root, 'tooling/documents'))
  const owner = packages.find(({ folder }) => join(root, file).startsWith(folder + sep))
  if (!owner) return []
  const inside = relative(owner.folder, join(root, file)).split(sep)
  if (['assembly', 'python', 'swift'].includes(inside[0]))
    return filesBelow(join(owner.folder, 'src/generated'))
  const builds = /^(package\.json|tsconfig\.json|turbo\.json|(tsdown|vite)\.config\.ts)$/.test(
    inside.join('/'),
  )
  return builds || inside[0] === 'plugins' ? filesBelow(join(owner.folder, 'src')) : []
}

function workspacePackages() {
  return ['packages', 'apps', 'examples'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .map((folder) => ({
        folder,
        manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
      })),
  )
}

function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

/** The files that the strings of `file` name. */
function namedFiles(file, packages) {
  if (!SOURCES.has(extname(file)) || !existsSync(file) || statSync(file).size > 500_000) return []
  const text = readFileSync(file, 'utf8').replace(/^\s*import type .*$/gm, '')
  const names = [...text.matchAll(/'([^'\n]+)'|"([^"\n]+)"|`([^`$\n]+)/g)].map(([, a, b, c]) => a ?? b ?? c)
  return [...new Set(names)].flatMap((name) => filesOf(name, file, packages))
}

function filesOf(name, from, packages) {
  const scoped = /^(@mobileone\/[\w-]+)(\/.*)?$/.exec(name)
  if (scoped) {
    const found = packages.find(({ manifest }) => manifest.name === scoped[1])
    return found ? entriesOf(found, `.${scoped[2] ?? ''}`, found.manifest.exports) : []
  }
  if (name.startsWith('#')) {
    const found = packages.find(({ folder }) => from.startsWith(folder + sep))
    return found ? entriesOf(found, name, found.manifest.imports) : []
  }
  if (name.length > 200 || /[\s\0*?<>|]/.test(name) || /^(node:|https?:|\.{1,2}\/?$)/.test(name)) return []
  const path = resolve(dirname(from), name)
  const built = /^(.*?)[\\/]dist([\\/]|$)/.exec(path)
  const owner = built && packages.find(({ folder }) => folder === built[1])
  if (owner) return filesBelow(join(owner.folder, 'src'))
  if (!path.startsWith(root + sep) || !existsSync(path) || /[\\/]node_modules[\\/]/.test(path)) return []
  // A folder's own name in a sentence names no file; fixtures are named by a path.
  if (statSync(path).isDirectory())
    return name.includes('/') && basename(path) !== 'src' ? filesBelow(path) : []
  return [path]
}

/** The sources of the entry `name`; of all files of the package where the entry is one that is built. */
function entriesOf({ folder }, name, table) {
  const entry = typeof table === 'string' ? table : table?.[name]
  const targets = []
  const visit = (value, isSource) => {
    if (typeof value === 'string') {
      if (isSource) targets.push(value)
    } else if (value) {
      for (const [condition, target] of Object.entries(value))
        visit(target, isSource || condition === 'source')
    }
  }
  visit(entry, typeof entry === 'string')
  const files = targets.map((target) => join(folder, target)).filter((path) => existsSync(path))
  const sources = files.filter((path) => !path.startsWith(join(folder, 'dist')))
  return sources.length > 0 ? sources : filesBelow(join(folder, 'src'))
}
