/** The files of the workspace that a name in a source file stands for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'

const GROUPS = ['packages', 'apps', 'examples']
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.turbo', 'screenshots'])

/** The workspace in the folder `root`; files in `gone`, absolute paths, count as being there. */
export function openWorkspace(root, gone = []) {
  const packages = GROUPS.flatMap((group) => foldersIn(join(root, group)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
  const files = new Set([...list(root), ...gone])
  const folders = new Map()
  for (const file of files) {
    for (let folder = dirname(file); folder.length >= root.length; folder = dirname(folder)) {
      if (!folders.has(folder)) folders.set(folder, [])
      folders.get(folder).push(file)
    }
  }
  const filesBelow = (folder) => folders.get(folder) ?? []
  const ownerOf = (file) => packages.find(({ folder }) => file.startsWith(folder + sep))
  const sourcesOf = ({ folder }) => filesBelow(join(folder, 'src'))

  /** The sources of the entry `name` in `table`; of all files of the package where the entry is one that is built. */
  const entriesOf = (owner, name, table) => {
    const entry = typeof table === 'string' ? table : table?.[name]
    const targets = sourceTargets(entry, typeof entry === 'string').map((target) =>
      join(owner.folder, target),
    )
    const sources = targets.filter((path) => !path.startsWith(join(owner.folder, 'dist')) && files.has(path))
    return sources.length > 0 ? sources : sourcesOf(owner)
  }

  return {
    packages,
    filesBelow,
    ownerOf,

    /** Whether loading `file` may do more than define what it exports. */
    hasEffects(file) {
      const owner = ownerOf(file)
      return owner?.manifest.sideEffects !== false || !file.startsWith(join(owner.folder, 'src') + sep)
    },

    /** The files that `text`, the name of a module or a path, stands for in `from`; none where it is neither. */
    filesOf(text, from) {
      const name = text.replace(/\?[\w&=]*$/, '')
      const scoped = /^(@mobileone\/[\w-]+)(\/.*)?$/.exec(name)
      if (scoped) {
        const found = packages.find(({ manifest }) => manifest.name === scoped[1])
        return found ? entriesOf(found, `.${scoped[2] ?? ''}`, found.manifest.exports) : []
      }
      if (name.startsWith('#')) {
        const found = ownerOf(from)
        return found ? entriesOf(found, name, found.manifest.imports) : []
      }
      if (name.length > 200 || /[\s\0*?<>|]/.test(name) || /^(node:|https?:|\.{1,2}\/?$)/.test(name))
        return []
      const path = resolve(dirname(from), name)
      const built = /^(.*?)[\\/]dist([\\/]|$)/.exec(path)
      const owner = built && packages.find(({ folder }) => folder === built[1])
      if (owner) return sourcesOf(owner)
      if (files.has(path)) return [path]
      // A folder's own name in a sentence names no file; fixtures are named by a path, and to the root paths are joined.
      return name.includes('/') && basename(path) !== 'src' && path !== root ? filesBelow(path) : []
    },
  }
}

function foldersIn(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

function list(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? list(path) : [path]
  })
}

function sourceTargets(value, isSource) {
  if (typeof value === 'string') return isSource ? [value] : []
  return Object.entries(value ?? {}).flatMap(([condition, target]) =>
    sourceTargets(target, isSource || condition === 'source'),
  )
}
