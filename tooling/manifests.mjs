/**
 * What every published package.json and README says alike, in one place. `node tooling/manifests.mjs` reports packages that differ,
 * `--write` mends them (`npm run manifests`).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './bootstrap.mjs'

/** Where the project lives. A placeholder: set it before the first release, then run `npm run manifests`. */
export const REPOSITORY = 'https://github.com/mobileone-sdk/mobileone'

const SHARED_KEYWORDS = ['mobileone', 'machine-learning', 'computer-vision']
const SHIPPED = ['dist', 'README.md', 'CHANGELOG.md', 'LICENSE']

/** The packages that are published: their folders under packages/ and their manifests as they are in the working tree. */
export function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .map((name) => ({ name, folder: join(root, 'packages', name) }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')))
    .map((entry) => ({ ...entry, manifest: readManifest(entry.folder) }))
    .filter(({ manifest }) => !manifest.private)
}

export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** `conditions` without `source`, which names files that only the working tree has. */
function withoutSource(conditions) {
  if (typeof conditions !== 'object' || conditions === null) return conditions
  return Object.fromEntries(
    Object.entries(conditions)
      .filter(([condition]) => condition !== 'source')
      .map(([condition, target]) => [condition, withoutSource(target)]),
  )
}

/** `manifest`, of the folder packages/`name`, with all that can be derived. */
export function derived(manifest, name) {
  const publishConfig = { access: 'public', exports: withoutSource(manifest.exports) }
  if (manifest.imports) publishConfig.imports = withoutSource(manifest.imports)
  return {
    ...manifest,
    keywords: [...new Set([...SHARED_KEYWORDS, ...(manifest.keywords ?? [])])],
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: `packages/${name}` },
    homepage: `${REPOSITORY}/tree/main/packages/${name}#readme`,
    bugs: `${REPOSITORY}/issues`,
    files: [...new Set([...SHIPPED, ...(manifest.files ?? [])])],
    scripts: {
      ...manifest.scripts,
      prepack: 'node ../../tooling/npm-pack.mjs write',
      postpack: 'node ../../tooling/npm-pack.mjs restore',
    },
    publishConfig,
  }
}

/**
 * The manifest that users get: `publishConfig` in the place of what it overrides, versions instead of `workspace:` ranges, no
 * development. pnpm makes the same when it packs or publishes; {@link file://./npm-pack.mjs} makes it for npm.
 */
export function published(manifest, versions) {
  const { publishConfig = {}, scripts: _scripts, devDependencies: _development, ...rest } = manifest
  const { access, ...overrides } = publishConfig
  const result = { ...rest, ...overrides, publishConfig: { access } }
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    if (!result[kind]) continue
    result[kind] = Object.fromEntries(
      Object.entries(result[kind]).map(([name, range]) => [name, publishedRange(name, range, versions)]),
    )
  }
  return result
}

function publishedRange(name, range, versions) {
  if (!range.startsWith('workspace:')) return range
  const version = versions[name]
  if (!version) throw new Error(`${name} is not a published package of this workspace`)
  const prefix = range.slice('workspace:'.length)
  return prefix === '*' ? version : prefix === '^' || prefix === '~' ? `${prefix}${version}` : prefix
}

/** A link into a working tree of this project: the address of the repository, then the path. */
const LINK = /\]\((https:\/\/[^)\s]+?)\/(blob|tree)\/main\/((?:docs|apps|packages|examples)\/[^)\s#]+)/g

function withRepositoryLinks(text) {
  return text.replace(LINK, (_, _repository, kind, target) => `](${REPOSITORY}/${kind}/main/${target}`)
}

function repositoryTargets(text) {
  return [...text.matchAll(LINK)].map(([, , , target]) => target)
}

/** The examples that are installed from packed packages: all that are no member of the workspace. */
export function installedExamples() {
  return readdirSync(join(root, 'examples'))
    .map((name) => ({ name, folder: join(root, 'examples', name) }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')))
    .map((entry) => ({ ...entry, manifest: readManifest(entry.folder) }))
    .filter(({ manifest }) => !JSON.stringify(manifest).includes('"workspace:'))
}

/** `manifest` of an example, with the versions of our packages as they are now. */
function withVersions(manifest, versions) {
  const current = (dependencies) =>
    Object.fromEntries(
      Object.entries(dependencies).map(([name, version]) => [name, versions[name] ?? version]),
    )
  const result = { ...manifest }
  for (const kind of ['dependencies', 'devDependencies']) {
    if (result[kind]) result[kind] = current(result[kind])
  }
  return result
}

/** Differences between the manifests, the links of the READMEs, and what they should be, each a line. */
export function checkManifests({ write = false } = {}) {
  const complaints = []
  for (const { name, folder, manifest } of publishedPackages()) {
    const readme = join(folder, 'README.md')
    const wantedText = withRepositoryLinks(readFileSync(readme, 'utf8'))
    if (readFileSync(readme, 'utf8') !== wantedText) {
      if (write) writeFileSync(readme, wantedText)
      else
        complaints.push(
          `${manifest.name}: README.md links to another repository than ${REPOSITORY}; npm run manifests`,
        )
    }
    for (const target of repositoryTargets(wantedText)) {
      if (!existsSync(join(root, target)))
        complaints.push(`${manifest.name}: README.md links to ${target}, which is not there`)
    }
    const wanted = `${JSON.stringify(derived(manifest, name), undefined, 2)}\n`
    const path = join(folder, 'package.json')
    if (readFileSync(path, 'utf8') === wanted) continue
    if (write) writeFileSync(path, wanted)
    else
      complaints.push(
        `${manifest.name}: package.json is not what tooling/manifests.mjs derives; npm run manifests`,
      )
  }
  const versions = Object.fromEntries(
    publishedPackages().map(({ manifest }) => [manifest.name, manifest.version]),
  )
  for (const { name, folder, manifest } of installedExamples()) {
    const wanted = `${JSON.stringify(withVersions(manifest, versions), undefined, 2)}\n`
    const path = join(folder, 'package.json')
    if (readFileSync(path, 'utf8') === wanted) continue
    if (write) writeFileSync(path, wanted)
    else
      complaints.push(
        `examples/${name}: package.json has other versions of our packages, or another form; npm run manifests`,
      )
  }
  return complaints
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = checkManifests({ write: process.argv.includes('--write') })
  for (const complaint of complaints) console.error(complaint)
  process.exitCode = complaints.length > 0 ? 1 : 0
}
