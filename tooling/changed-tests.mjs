/**
 * The test files that a change touches. A file is taken to need the files that export what it imports, found through modules that only
 * pass names on, and every file that it names in another string: pages it has bundled, programs it starts, fixtures. Of what is built
 * (`dist`) it needs all sources of that package. vitest's own `--changed` takes a package's index for one file, and most tests in
 * browsers import none of what they test.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { root as repository } from './bootstrap.mjs'
import { moduleNames } from './module-names.mjs'
import { openWorkspace } from './named-files.mjs'

const SOURCES = new Set(['.ts', '.tsx', '.mts', '.mjs', '.js', '.cjs', '.vue'])
/** What every test may depend on: the compiler, the bundler, the test runner, the installed libraries. */
const FOR_ALL =
  /^(pnpm-lock\.yaml|pnpm-workspace\.yaml|package\.json|vitest\.config\.ts|turbo\.json|tsconfig(\.base)?\.json|tooling\/(fast-equality\.ts|tsdown\.base\.ts|notices\.mjs|portable-declarations\.mjs|kernels\.mjs|bootstrap\.mjs))$/

/**
 * What differs from `ref` in the working tree, new files included.
 *
 * @returns {{ files: string[], before: (file: string) => string | undefined }} Paths from the root, and a file's text before.
 * @throws {Error} where git knows no such ref.
 */
export function changeSince(ref, root = repository) {
  const git = (...args) => {
    try {
      return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      throw new Error(`git ${args.join(' ')}: ${String(error.stderr ?? error.message).trim()}`)
    }
  }
  const lines = (text) => text.split('\n').filter((line) => line !== '')
  const base = git('merge-base', ref, 'HEAD').trim()
  const known = lines(git('diff', '--name-only', '--no-renames', base))
  const added = lines(git('ls-files', '--others', '--exclude-standard'))
  const isNew = new Set([
    ...added,
    ...lines(git('diff', '--name-only', '--no-renames', '--diff-filter=A', base)),
  ])
  return {
    files: [...new Set([...known, ...added])],
    before: (file) => (isNew.has(file) ? undefined : git('show', `${base}:${file}`)),
  }
}

/**
 * Paths, from the root, of the test files that need one of the changed files, and of those that name the root itself, since they read
 * files everywhere; undefined where every test may need one.
 */
export function testsOf({ files, before }, root = repository) {
  if (files.some((file) => FOR_ALL.test(file))) return undefined
  const paths = files.map((file) => join(root, file))
  const workspace = openWorkspace(
    root,
    paths.filter((path) => !existsSync(path)),
  )
  const needs = openNeeds(workspace)
  const wanted = new Set(files.flatMap((file) => changedWith(file, root, workspace)))
  for (const [index, path] of paths.entries()) {
    wanted.add(path)
    for (const name of needs.changedNames(path, () => before(files[index]))) wanted.add(partOf(path, name))
  }
  const reaches = (test) => {
    const seen = new Set([test])
    for (const part of seen) {
      if (wanted.has(part)) return true
      for (const next of needs.of(part)) seen.add(next)
    }
    return false
  }
  return ['packages', 'apps', 'examples', 'tooling']
    .flatMap((group) => workspace.filesBelow(join(root, group)))
    .filter((path) => path.endsWith('.test.ts') && existsSync(path))
    .filter(
      (path) => reaches(path) || needs.stringsOf(path).some((name) => resolve(dirname(path), name) === root),
    )
    .map((path) => relative(root, path).split(sep).join('/'))
}

/** Documents, and what their code is compiled and run against, or may stand in: packages, examples and files beside tests. */
const FOR_DOCUMENTS =
  /\.md$|^(packages\/[^/]+\/(src|test|assembly|package\.json$)|apps\/[^/]+\/test|examples)(?!.*\.test\.ts$)/

/**
 * What else is another one when `file` is: kernels are compiled from `assembly` into `src/generated`, which git does not hold; how a
 * package is built concerns all its sources.
 */
function changedWith(file, root, workspace) {
  const documents = FOR_DOCUMENTS.test(file) ? workspace.filesBelow(join(root, 'tooling/documents')) : []
  return [...documents, ...changedInPackage(file, root, workspace)]
}

function changedInPackage(file, root, { filesBelow, ownerOf }) {
  const owner = ownerOf(join(root, file))
  if (!owner) return []
  const inside = relative(owner.folder, join(root, file)).split(sep)
  if (['assembly', 'python', 'swift'].includes(inside[0]))
    return filesBelow(join(owner.folder, 'src/generated'))
  const builds = /^(package\.json|tsconfig\.json|turbo\.json|(tsdown|vite)\.config\.ts)$/.test(
    inside.join('/'),
  )
  return builds || inside[0] === 'plugins' ? filesBelow(join(owner.folder, 'src')) : []
}

/** A part of a file that only passes names on: one name, or `*`, what all names hang on. */
const partOf = (file, name) => `${file}\0${name}`

/** What files, and parts of files, need. */
function openNeeds({ filesOf, hasEffects }) {
  const modules = new Map()
  const moduleOf = (file) => {
    if (!modules.has(file)) modules.set(file, readModule(file))
    return modules.get(file)
  }
  const provides = (file, name, seen = new Set()) => {
    const module = moduleOf(file)
    if (seen.has(file) || !module) return false
    seen.add(file)
    if (module.exports.has(name) || module.reexports?.has(name)) return true
    return module.stars.some((star) => filesOf(star, file).some((target) => provides(target, name, seen)))
  }

  /** Parts of `file` that who takes `names` of it needs; all of it where `names` is undefined. */
  const partsOf = (file, names) => {
    if (names === undefined) return [file]
    if (names.length === 0) return hasEffects(file) ? [file] : []
    return moduleOf(file)?.reexports ? names.map((name) => partOf(file, name)) : [file]
  }
  const ofName = (file, name) => {
    const { requests, reexports, stars } = moduleOf(file)
    const effects = requests.flatMap(({ from, isBare }) =>
      filesOf(from, file).filter((target) => isBare || hasEffects(target)),
    )
    const shared = [partOf(file, '*'), ...effects]
    const origin = reexports.get(name)
    if (origin) {
      const names = origin.name === undefined ? undefined : [origin.name]
      return [...shared, ...filesOf(origin.from, file).flatMap((target) => partsOf(target, names))]
    }
    const found = stars.flatMap((star) => filesOf(star, file)).filter((target) => provides(target, name))
    if (found.length === 0) return [file]
    return [...shared, ...found.flatMap((target) => partsOf(target, [name]))]
  }
  const ofFile = (file) => {
    const { requests, strings } = moduleOf(file) ?? { requests: [], strings: [] }
    return [
      ...requests.flatMap(({ from, names }) =>
        filesOf(from, file).flatMap((target) => partsOf(target, names)),
      ),
      ...strings.flatMap((name) => filesOf(name, file)),
    ]
  }

  const known = new Map()
  return {
    stringsOf: (file) => moduleOf(file)?.strings ?? [],

    of(part) {
      if (!known.has(part)) {
        const [file, name] = part.split('\0')
        known.set(part, name === undefined ? ofFile(file) : name === '*' ? [] : ofName(file, name))
      }
      return known.get(part)
    },

    /** Names that `file` passes on from elsewhere than in its text `before`; `*` where that cannot be told. */
    changedNames(file, before) {
      const now = moduleOf(file)
      if (!now?.reexports) return []
      const text = before()
      const old = text === undefined ? undefined : moduleNames(file, text)
      const fixed = ({ stars, requests }) => JSON.stringify([stars, requests.filter(({ isBare }) => isBare)])
      if (!old?.reexports || fixed(old) !== fixed(now)) return ['*']
      const names = new Set([...old.reexports.keys(), ...now.reexports.keys()])
      const origin = (module, name) => JSON.stringify(module.reexports.get(name))
      return [...names].filter((name) => origin(old, name) !== origin(now, name))
    },
  }
}

function readModule(file) {
  if (!SOURCES.has(extname(file)) || !existsSync(file) || statSync(file).size > 500_000) return undefined
  return moduleNames(file, readFileSync(file, 'utf8'))
}
